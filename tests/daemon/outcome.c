/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/outcome.h"

#include <stdio.h>
#include <string.h>

static const char *const outcome_words[OUTCOMES] = {
        "active",
        "active, then returned",
        "active, then revoked",
        "denied by approvers",
        "denied by an admin's revocation",
        "cancelled",
        "lapsed: its time was out",
        "lapsed: its rule changed",
        "lapsed: a rule denies it",
        "still waits",
};

const char *outcome_word(enum outcome outcome)
{
	return outcome_words[outcome];
}

/* ---- answers ---- */

static const struct {
	enum said said;
	bool refused;
	const char *words;
} answers[] = {
        {SAID_WAITS, false, "approved by you; access"},
        {SAID_ACTIVE, false, "approved: access"},
        {SAID_COUNTED, false, "denied by you;"},
        {SAID_DENIED, false, "denied: access"},
        {SAID_CANCELLED, false, "is cancelled"},
        {SAID_RETURNED, false, "is returned"},
        {SAID_REVOKED, false, "revoked: access"},
        {SAID_RULES, false, "policy in force"},
        {SAID_NOT_ACTIVE, true, "did not become active"},
        {SAID_STATE, true, " already"},
        {SAID_LATE, true, "has waited too long"},
        {SAID_DIGEST, true, "is not what you were shown"},
        {SAID_LAPSED, true, "has lapsed: "},
        {SAID_DURATION, true, "may shorten, never widen"},
};

enum access_state state_in(const struct message *answer)
{
	const char *text = answer->refused.text;

	if (answer->id != MESSAGE_refused)
		return STATE_NONE;
	for (int state = STATE_PENDING; state <= STATE_LAPSED; state++) {
		char already[64], instead[64];
		const char *word = access_state_word((enum access_state)state);
		(void)snprintf(already, sizeof(already), " is %s already", word);
		(void)snprintf(instead, sizeof(instead), " it is %s", word);
		if (strstr(text, already) || strstr(text, instead))
			return (enum access_state)state;
	}
	return STATE_PENDING;
}

enum said said_by(const struct message *answer)
{
	bool refused = answer->id == MESSAGE_refused;
	const char *text = refused ? answer->refused.text : answer->done.text;

	assert_true(refused || answer->id == MESSAGE_done);
	if (refused && strstr(text, "you have decided on"))
		return SAID_DECIDED;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].refused == refused && strstr(text, answers[i].words))
			return answers[i].said;
	fail_msg("no answer that the model knows: %s", text);
	return SAID_NOTHING;
}

/* ---- the end ---- */

enum outcome outcome_of(const struct story *story, const struct record *record)
{
	static const enum outcome plain[STATE_LAPSED + 1] = {
	        [STATE_PENDING] = OUT_WAITS,     [STATE_ACTIVE] = OUT_ACTIVE,
	        [STATE_RETURNED] = OUT_RETURNED, [STATE_REVOKED] = OUT_REVOKED,
	        [STATE_DENIED] = OUT_DENIED,     [STATE_CANCELLED] = OUT_CANCELLED,
	        [STATE_LAPSED] = OUT_TIMED_OUT,
	};

	if (record->state == STATE_DENIED &&
	    (unsigned int)__builtin_popcount(record->no) < story->denials)
		return OUT_DENIED_BY_ADMIN;
	if (record->state == STATE_LAPSED && strstr(record->ended, "rule no denies"))
		return OUT_RULE_DENIES;
	if (record->state == STATE_LAPSED && strstr(record->ended, "its rule has changed"))
		return OUT_RULE_CHANGED;
	return plain[record->state];
}

/* Rows by themselves; NULL: nothing is wrong. */
static const char *wrong_rows(const struct story *story, const struct record *record)
{
	unsigned int yes = (unsigned int)__builtin_popcount(record->yes);
	bool granted = record->from > 0;
	bool was_active = record->state == STATE_ACTIVE || record->state == STATE_RETURNED ||
	                  record->state == STATE_REVOKED;

	if (record->words != yes + (unsigned int)__builtin_popcount(record->no))
		return "somebody's word is there twice";
	if (record->yes_of_another)
		return "a yes has the digest of something else";
	if (granted != was_active)
		return "its state and its beginning do not agree";
	if (granted && yes < story->approvals)
		return "it began with too few approvals";
	if (granted && record->until - record->from != record->seconds)
		return "it is not as long as its approvers said";
	if (record->tokens != granted || record->tokens_of_it != granted)
		return "there is not one token for each grant, of the same length";
	return NULL;
}

static const char *const model_words[] = {
        [MODEL_GIVES_UP] = "the model finds no order before it gives up",
        [MODEL_EXPLAINS_NOT] = "there is no order in which these answers come about",
        [MODEL_EXPLAINS] = NULL,
};

const char *outcome_wrong(struct reader *reader, uint32_t access, struct story *story,
                          const struct record *record)
{
	static char why[256];
	const char *wrong;

	story->state = record->state;
	story->yes = record->yes;
	story->no = record->no;
	story->seconds = record->seconds;
	wrong = wrong_rows(story, record);
	if (!wrong && !record_log_agrees(reader, access, story, record, why, sizeof(why)))
		wrong = why;
	if (!wrong)
		wrong = model_words[model_explains(story)];
	if (!wrong && !model_rests(story))
		wrong = "it stays where it may not";
	return wrong;
}

void story_print(uint32_t access, const struct story *story, const struct record *record)
{
	print_message("access %u: %u approvals, %u denials, signatures %s\n", access,
	              story->approvals, story->denials, story->held_back ? "held back" : "at once");
	for (size_t i = 0; i < story->count; i++) {
		const struct step *step = &story->steps[i];
		print_message("  %3u to %3u: %s%s%u%s for %lld rules %d%s -> %s%s%s\n",
		              step->sent - story->steps[0].sent,
		              step->answered - story->steps[0].sent, step_word(step->kind), " by ",
		              step->who + 1, step->other ? " (other digest)" : "",
		              (long long)step->seconds, step->rules, step->revokes ? " revoke" : "",
		              said_word(step->said), step->state ? " " : "",
		              step->state ? access_state_word(step->state) : "");
	}
	print_message("  in the end %s (%s), yes %x, no %x, %lld s, %u tokens\n",
	              access_state_word(record->state), record->ended, record->yes, record->no,
	              (long long)record->seconds, record->tokens);
}
