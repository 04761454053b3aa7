/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/dismissal.h"

#include <stdlib.h>

#include "base/text.h"
#include "jitd/audit.h"
#include "jitd/instant.h"
#include "jitd/reaper.h"

#define FAREWELL_MS 1000 /* for the client to show why */
#define PATIENCE_MS 15000
#define TRIES       3

struct dismissal {
	struct jitd *jitd;
	struct dismissal *next;
	struct timer *timer;
	struct process_id opener;
	unsigned int tries;
};

static void drop(struct dismissal *dismissal)
{
	struct dismissal **where = &dismissal->jitd->dismissals;

	while (*where != dismissal)
		where = &(*where)->next;
	*where = dismissal->next;
	timer_free(dismissal->timer);
	free(dismissal);
}

static void tell_of_failure(struct jitd *jitd, const struct process_id *opener, const char *why)
{
	char text[REAPER_TEXT];

	best_effort(text_format(text, sizeof(text),
	                        "an ssh connection whose session was refused: %s", why));
	audit_alone(jitd, instant_now(jitd).now,
	            &(struct event){.event = EVENT_NOT_ENDED,
	                            .service = "ssh",
	                            .pid = opener->pid,
	                            .text = text});
}

static void dismissed(void *context, enum wire_result result, const char *text)
{
	struct dismissal *dismissal = context;
	bool over = result == RESULT_DONE || result == RESULT_GONE;

	if (!over && !dismissal->jitd->stopping && ++dismissal->tries < TRIES) {
		timer_start(dismissal->timer, FAREWELL_MS);
		return;
	}
	if (!over && !dismissal->jitd->stopping)
		tell_of_failure(dismissal->jitd, &dismissal->opener, text);
	drop(dismissal);
}

static void ask(void *context)
{
	struct dismissal *dismissal = context;
	const struct message message = {
	        .id = MESSAGE_dismiss,
	        .dismiss = {.pid = (uint32_t)dismissal->opener.pid,
	                    .start_time = (int64_t)dismissal->opener.start_time}};

	reaper_ask(dismissal->jitd->reaper, &message, PATIENCE_MS, dismissed, dismissal);
}

void dismiss(struct jitd *jitd, const struct process_id *opener)
{
	struct dismissal *dismissal = calloc(1, sizeof(*dismissal));

	if (!dismissal || loop_timer(jitd->loop, ask, dismissal, &dismissal->timer) < 0) {
		free(dismissal);
		tell_of_failure(jitd, opener, "no memory");
		return;
	}
	dismissal->jitd = jitd;
	dismissal->opener = *opener;
	dismissal->next = jitd->dismissals;
	jitd->dismissals = dismissal;
	timer_start(dismissal->timer, FAREWELL_MS);
}

void dismissals_free(struct jitd *jitd)
{
	while (jitd->dismissals)
		drop(jitd->dismissals);
}
