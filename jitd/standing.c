/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/standing.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "jitd/question.h"
#include "policy/window.h"

__attribute__((format(printf, 4, 5))) static void set(struct stance *stance, enum standing standing,
                                                      const char *word, const char *format, ...)
{
	va_list arguments;

	stance->standing = standing;
	stance->word = word;
	va_start(arguments, format);
	(void)vsnprintf(stance->why, sizeof(stance->why), format, arguments);
	va_end(arguments);
}

/* "mon-fri 08:00-18:00, sat 10:00-12:00"; what does not fit is left out. */
static void write_windows(const struct windows *windows, char *ret_text, size_t size)
{
	ret_text[0] = '\0';
	for (size_t i = 0; i < windows->count; i++) {
		char one[WINDOW_SIZE];
		size_t used = strlen(ret_text);
		window_write(&windows->items[i], one);
		if (text_format(ret_text + used, size - used, "%s%s", used ? ", " : "", one) < 0)
			return;
	}
}

/* Another rule answers in its place. */
static void overruled(struct stance *stance, const struct access *access,
                      const struct answer *answer)
{
	if (answer->effect == DECISION_ALLOW)
		set(stance, STANDING_LAPSED, "rule-changed", "rule %s comes before its rule now",
		    answer->rule->title);
	else
		set(stance, STANDING_LAPSED, "rule-denies", "rule %s denies it to %s",
		    answer->rule->title, access->subject);
}

/* Its own rule does not match. */
static void unmatched(struct stance *stance, const struct access *access, const struct rule *rule,
                      enum rule_field field)
{
	char open[200];

	if (field == FIELD_WHEN) {
		write_windows(&rule->when, open, sizeof(open));
		set(stance, STANDING_CLOSED, "closed", "rule %s is open %s: decide then",
		    rule->title, open);
	} else if (field == FIELD_WHO) {
		set(stance, STANDING_LAPSED, "not-a-member", "rule %s no longer names %s",
		    rule->title, access->subject);
	} else {
		set(stance, STANDING_LAPSED, "rule-changed", "rule %s no longer covers it",
		    rule->title);
	}
}

static void ask_rules(const struct jitd *jitd, const struct access *access,
                      const struct identity *subject, int64_t now, struct stance *stance)
{
	const struct question question =
	        question_of(jitd, subject, access->scope, access->host, access->via, now);
	const struct rule *own = question_rule(jitd, access);
	struct answer answer = policy_evaluate(jitd->policy, &question);

	if (*access->via && !trust_named(&jitd->settings->trusts, access->via))
		set(stance, STANDING_LAPSED, "trust-gone", "%s is not trusted any more",
		    access->issuer);
	else if (!own)
		set(stance, STANDING_LAPSED, "rule-changed", "its rule has changed");
	else if (answer.effect == DECISION_ALLOW && answer.rule == own)
		*stance = (struct stance){.standing = STANDING_GOOD, .word = ""};
	else if (answer.rule && rule_comes_before(answer.rule, own))
		overruled(stance, access, &answer);
	else
		unmatched(stance, access, own, rule_compare(own, &question));
}

void standing_of(const struct jitd *jitd, const struct access *access, enum names_result result,
                 const struct identity *subject, int64_t now, struct stance *ret_stance)
{
	if (result == NAMES_UNKNOWN)
		set(ret_stance, STANDING_LAPSED, "unknown-user", "this host no longer knows %s",
		    access->subject);
	else if (result != NAMES_FOUND || !subject || subject->uid != access->uid)
		set(ret_stance, STANDING_UNKNOWN, "names-undecided",
		    "this host cannot tell who %s is right now: try again soon", access->subject);
	else if (strcmp(subject->name, access->subject) != 0)
		set(ret_stance, STANDING_LAPSED, "unknown-user", "who was %s is %s now",
		    access->subject, subject->name);
	else
		ask_rules(jitd, access, subject, now, ret_stance);
}
