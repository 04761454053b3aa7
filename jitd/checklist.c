/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/checklist.h"

#include <string.h>

#include "base/parse.h"
#include "base/text.h"

enum step {
#define STEP(name, word) STEP_##name,
#include "wire/step.def"
#undef STEP
	STEPS
};

static const char *const words[STEPS] = {
#define STEP(name, word) [STEP_##name] = (word),
#include "wire/step.def"
#undef STEP
};

/* A token of another issuer has no access yet: it may become one. */
static const enum step foreign_road[] = {
        STEP_USER, STEP_OPENS,   STEP_DOOR,  STEP_LOCK,   STEP_SPENT,
        STEP_RULE, STEP_BINDING, STEP_GRANT, STEP_ANSWER,
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where each refusal falls that comes after the reader; what is not in it is the grant's. */
static const struct {
	enum reason reason;
	enum step step;
} by_reason[] = {
        {REASON_SERVICE, STEP_DOOR},
        {REASON_SUBJECT, STEP_USER},
        {REASON_UNKNOWN_USER, STEP_USER},
        {REASON_NAMES, STEP_USER},
        {REASON_FOREIGN_SUBJECT, STEP_USER},
        {REASON_LOCKED, STEP_LOCK},
        {REASON_WRONG_ACCOUNT, STEP_OPENS},
        {REASON_FOREIGN_SCOPE, STEP_OPENS},
        {REASON_FOREIGN_ACCOUNT, STEP_OPENS},
        {REASON_USED_UP, STEP_USES},
        {REASON_KEY, STEP_BINDING},
        {REASON_NO_KEY, STEP_BINDING},
        {REASON_KEY_SHARED, STEP_BINDING},
        {REASON_FOREIGN_BOUND, STEP_BINDING},
        {REASON_NOT_A_MEMBER, STEP_RULE},
        {REASON_RULE_DENIES, STEP_RULE},
        {REASON_NO_RULE, STEP_RULE},
        {REASON_NEEDS_APPROVAL, STEP_RULE},
        {REASON_TERMS, STEP_RULE},
        {REASON_TOO_MANY, STEP_RULE},
        {REASON_TRUST_GONE, STEP_RULE},
        {REASON_TOKEN, STEP_ISSUED},
        {REASON_BURNED, STEP_SPENT},
        {REASON_CLOCK, STEP_ANSWER},
};

static bool allows(const struct checklist *list)
{
	return list->judgement->decision == DECISION_ALLOW;
}

/* ---- the reader's steps ---- */

static void fill(struct wire_step *row, const char *name, const char *verdict, const char *reason,
                 const char *text)
{
	char whole[sizeof(row->text)];

	memset(row, 0, sizeof(*row));
	best_effort(text_copy(row->name, sizeof(row->name), name));
	best_effort(text_copy(row->verdict, sizeof(row->verdict), verdict));
	best_effort(text_format(whole, sizeof(whole), "%s%s%s", reason,
	                        *reason && *text ? ": " : "", text));
	text_sanitize(row->text, sizeof(row->text), whole);
}

void reader_steps_take(void *context, const struct token_step *step)
{
	struct reader_steps *steps = context;
	bool good = step->reason == TOKEN_REASON_UNSET;

	if (steps->count == READER_STEPS_MAX)
		return;
	fill(&steps->rows[steps->count++], step->name,
	     !step->reached ? "not-reached"
	     : good         ? "yes"
	                    : "no",
	     good ? "" : token_reason_word(step->reason), step->text);
}

/* ---- what was found ---- */

#define VALUE_SIZE 448 /* with a reason's word before it, it fits a row */

/* Empty where there is nothing to say. */
typedef void teller(const struct checklist *list, char ret_value[static VALUE_SIZE]);

static const struct foreign *foreign_of(const struct checklist *list)
{
	return list->presented ? list->presented->foreign : NULL;
}

static void tell_door(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	static const char *const vouchers[] = {[VOUCH_NOBODY] = "nobody vouches",
	                                       [VOUCH_KERNEL] = "the kernel vouches",
	                                       [VOUCH_SSHD] = "sshd vouches"};
	char scope[SCOPE_SIZE] = "";

	if (door_scope(list->door, scope) < 0)
		text_sanitize(scope, sizeof(scope), list->door->service);
	best_effort(
	        text_format(ret_value, VALUE_SIZE, "%s, %s", scope, vouchers[list->door->vouch]));
}

static void tell_user(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	const struct identity *user = list->presented ? presented_subject(list->presented) : NULL;
	const struct foreign *foreign = foreign_of(list);
	const char *why = foreign ? foreign->why : "";

	if (user)
		best_effort(text_format(ret_value, VALUE_SIZE, "%s, uid %u%s%s", user->name,
		                        user->uid, *why ? ", by " : "", why));
	else
		best_effort(text_copy(ret_value, VALUE_SIZE, why));
}

static void tell_grant(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	const struct access *access = list->access;
	bool active = access && access->state == STATE_ACTIVE;
	char until[TIME_SIZE];

	if (foreign_of(list) && allows(list))
		best_effort(text_copy(ret_value, VALUE_SIZE, "it becomes an access of its own"));
	if (!access)
		return;
	format_time(access->until, until);
	best_effort(text_format(ret_value, VALUE_SIZE, "access %u, %s%s, host %.128s", access->id,
	                        active           ? "active until "
	                        : *access->ended ? access->ended
	                                         : access_state_word(access->state),
	                        active ? until : "", access->host));
}

static void tell_opens(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	const struct foreign *foreign = foreign_of(list);
	const char *scopes = list->access ? list->access->scope : "";

	if (foreign)
		scopes = *foreign->scopes ? foreign->scopes : foreign->why;
	text_sanitize(ret_value, VALUE_SIZE, scopes);
}

static void tell_uses(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	if (list->access && list->access->uses_left < 0)
		best_effort(text_copy(ret_value, VALUE_SIZE, "any number"));
	else if (list->access)
		best_effort(text_format(ret_value, VALUE_SIZE, "%lld left",
		                        (long long)list->access->uses_left));
}

static void tell_binding(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	const struct foreign *foreign = foreign_of(list);
	const char *key = foreign        ? foreign->claims.cnf
	                  : list->access ? list->access->user_key
	                                 : "";
	bool shown = list->door->keys.count > 0;

	best_effort(text_format(ret_value, VALUE_SIZE, "%s%s%s%s", *key ? "to " : "to no ssh key",
	                        key, shown ? ", the door shows " : "",
	                        shown ? list->door->keys.fingerprints[0] : ""));
}

static void tell_rule(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	const struct rule *rule = foreign_of(list) ? list->presented->wish.rule : NULL;

	text_sanitize(ret_value, VALUE_SIZE,
	              rule           ? rule->title
	              : list->access ? list->access->rule
	                             : "");
}

static void tell_issued(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	if (allows(list) || list->judgement->reason != REASON_TOKEN)
		best_effort(text_format(ret_value, VALUE_SIZE, "as a %s",
		                        token_kind_word(list->presented->kind)));
}

static void tell_spent(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	char at[TIME_SIZE];

	if (!list->spent)
		return;
	format_time(list->spent, at);
	best_effort(text_format(ret_value, VALUE_SIZE, "at %s", at));
}

static void tell_answer(const struct checklist *list, char ret_value[static VALUE_SIZE])
{
	char line[VALUE_SIZE - 8], until[TIME_SIZE];

	format_time(list->judgement->until, until);
	judgement_line(list->judgement, list->door, line, sizeof(line));
	if (allows(list))
		best_effort(text_format(ret_value, VALUE_SIZE, "allow until %s", until));
	else
		best_effort(text_format(ret_value, VALUE_SIZE, "deny: %s", line));
}

static teller *const tellers[STEPS] = {
        [STEP_DOOR] = tell_door,     [STEP_USER] = tell_user,     [STEP_GRANT] = tell_grant,
        [STEP_OPENS] = tell_opens,   [STEP_USES] = tell_uses,     [STEP_BINDING] = tell_binding,
        [STEP_RULE] = tell_rule,     [STEP_ISSUED] = tell_issued, [STEP_SPENT] = tell_spent,
        [STEP_ANSWER] = tell_answer,
};

/* ---- rows ---- */

/* What is neither a token nor a known code has no steps of a reader: this one stands for them. */
static bool has_form_alone(const struct checklist *list)
{
	return !list->reader->count;
}

static size_t reader_length(const struct checklist *list)
{
	return has_form_alone(list) ? 1 : list->reader->count;
}

static size_t road_length(const struct checklist *list)
{
	return foreign_of(list) ? COUNT(foreign_road) : (size_t)STEPS;
}

static enum step road_at(const struct checklist *list, size_t index)
{
	return foreign_of(list) ? foreign_road[index] : (enum step)index;
}

size_t checklist_length(const struct checklist *list)
{
	return reader_length(list) + road_length(list);
}

/* Did the reader, or what stands for it, refuse? */
static bool fell_before(const struct checklist *list)
{
	const struct presented *presented = list->presented;
	enum reason reason = list->judgement->reason;

	if (!presented || reason == REASON_TYPED_CUT)
		return true;
	if (presented->foreign)
		return !presented->foreign->trust;
	return presented->token.decision != DECISION_ALLOW;
}

static enum step failed_step(const struct checklist *list)
{
	enum reason reason = list->judgement->reason;
	bool runs = list->access && list->access->state == STATE_ACTIVE;

	if (reason == REASON_REVOKED && runs)
		return STEP_REVOKED; /* the token, and not the access */
	if (reason == REASON_USED_UP && !runs)
		return STEP_GRANT;
	for (size_t i = 0; i < COUNT(by_reason); i++)
		if (by_reason[i].reason == reason)
			return by_reason[i].step;
	return STEP_GRANT;
}

/* Where in its road it fell, counted from the first step after the reader; past the last: nowhere.
 * The answer, where no step of the road is it. */
static size_t failed_at(const struct checklist *list)
{
	size_t at = 0;

	if (allows(list))
		return road_length(list);
	while (at < road_length(list) - 1 && road_at(list, at) != failed_step(list))
		at++;
	return at;
}

static void form_row(const struct checklist *list, struct wire_step *ret_row)
{
	const char *kind = list->presented ? token_kind_word(list->presented->kind) : "";
	bool fell = fell_before(list);
	char value[VALUE_SIZE];

	best_effort(text_format(value, sizeof(value), "%s%s%zu bytes", kind, *kind ? ", " : "",
	                        list->typed));
	fill(ret_row, "form", fell ? "no" : "yes", fell ? judgement_word(list->judgement) : "",
	     value);
}

static void road_row(const struct checklist *list, size_t index, struct wire_step *ret_row)
{
	enum step step = road_at(list, index);
	bool reached = !fell_before(list) && index <= failed_at(list);
	bool fell = reached && index == failed_at(list);
	char value[VALUE_SIZE] = "";

	if ((reached || step == STEP_ANSWER) && tellers[step])
		tellers[step](list, value);
	fill(ret_row, words[step],
	     fell      ? "no"
	     : reached ? "yes"
	               : "not-reached",
	     fell ? judgement_word(list->judgement) : "", value);
}

void checklist_row(const struct checklist *list, size_t index, struct wire_step *ret_row)
{
	size_t before = reader_length(list);

	if (index >= before)
		road_row(list, index - before, ret_row);
	else if (has_form_alone(list))
		form_row(list, ret_row);
	else
		*ret_row = list->reader->rows[index];
}
