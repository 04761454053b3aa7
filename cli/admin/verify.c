/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/verify.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/admin/key_file.h"
#include "cli/admin/steps.h"
#include "token/key.h"
#include "token/token.h"

static const char *const for_jitd_alone[] = {
#define STEP(name, word) (word),
#include "wire/step.def"
#undef STEP
};

/* ---- what is said ---- */

struct telling {
	struct steps steps;
	int failed; /* 0, or the -errno of the first step that could not be told */
};

static void say(struct telling *telling, const char *name, const char *verdict, const char *text)
{
	struct wire_step step = {{0}};

	if (telling->failed < 0)
		return;
	best_effort(text_copy(step.name, sizeof(step.name), name));
	best_effort(text_copy(step.verdict, sizeof(step.verdict), verdict));
	text_sanitize(step.text, sizeof(step.text), text);
	telling->failed = steps_take(&telling->steps, &step);
}

static void say_step(void *context, const struct token_step *step)
{
	char text[sizeof(((struct wire_step *)NULL)->text)];

	if (!step->reached) {
		say(context, step->name, "not-reached", "");
		return;
	}
	if (step->reason == TOKEN_REASON_UNSET) {
		say(context, step->name, "yes", step->text);
		return;
	}
	best_effort(text_format(text, sizeof(text), "%s%s%s", token_reason_word(step->reason),
	                        *step->text ? ": " : "", step->text));
	say(context, step->name, "no", text);
}

/* ---- the token ---- */

static enum decision explain(const struct verify_order *order, const char *host,
                             const struct keyset *keys, const char *text, size_t length,
                             const struct token_steps *steps)
{
	const char *audience = order->audience ? order->audience : host;
	const struct expectation own = {.issuer = host,
	                                .audience = host,
	                                .now = (int64_t)time(NULL),
	                                .lifetime_max = TOKEN_LIFETIME_MAX};
	const struct foreign_expectation foreign = {.issuer = order->issuer,
	                                            .audiences = &audience,
	                                            .audience_count = 1,
	                                            .now = own.now,
	                                            .lifetime_max = TOKEN_LIFETIME_MAX,
	                                            .leeway = TOKEN_SKEW};
	struct foreign_result other;
	struct token_result result;

	if (!order->issuer) {
		token_explain(text, length, keys, &own, steps, &result);
		return result.decision;
	}
	token_explain_foreign(text, length, keys, &foreign, steps, &other);
	return other.decision;
}

enum exit_code verify_token(const struct invocation *in, const struct verify_order *order,
                            const char *text, size_t length)
{
	cleanup(cleanup_keyset) struct keyset *keys = NULL;
	struct telling telling = {.failed = 0};
	const struct token_steps steps = {say_step, &telling};
	char name[HOST_NAME_MAX + 1] = "";
	enum decision decision;
	enum exit_code code;

	if (!order->host_id && (gethostname(name, sizeof(name) - 1) < 0 || !*name))
		return give_up(in, EXIT_REFUSED, "this host has no name; give it: --host-id H");
	code = key_file_read(in, order->keys, &keys);
	if (code != EXIT_DONE)
		return code;
	telling.failed = steps_begin(&telling.steps, order->json);
	decision =
	        explain(order, order->host_id ? order->host_id : name, keys, text, length, &steps);
	for (size_t i = 0; i < sizeof(for_jitd_alone) / sizeof(for_jitd_alone[0]); i++)
		say(&telling, for_jitd_alone[i], "not-reached", "only jitd knows");
	if (telling.failed == 0)
		steps_end(&telling.steps);
	steps_done(&telling.steps);
	if (telling.failed < 0)
		return give_up(in, EXIT_REFUSED, "internal error: %s", strerror(-telling.failed));
	return decision == DECISION_ALLOW ? EXIT_DONE : EXIT_REFUSED;
}
