/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/check_parts.h"

#include <string.h>

#include "base/secret.h"
#include "jitd/check.h"
#include "jitd/dismissal.h"
#include "jitd/ending.h"
#include "jitd/reaper.h"
#include "jitd/recheck.h"
#include "jitd/session.h"

int check_open_session(struct check *check)
{
	char handle[33];
	struct session_facts facts = {.service = check->door.service,
	                              .account = check->door.account,
	                              .tty = check->ask.tty,
	                              .rhost = check->ask.rhost,
	                              .handle = handle,
	                              .process = &check->peer->process,
	                              .user_key = "",
	                              .now = check->door.now,
	                              .boot = check->door.boot};

	if (check->door.keys.count == 1)
		facts.user_key = check->door.keys.fingerprints[0];
	hex_encode(check->ask.handle.bytes, sizeof(check->ask.handle.bytes), handle);
	return judgement_open(check->jitd, &check->judgement, &facts, &check->session);
}

/* A session that could not be ended is none: it is closed again. */
static void scoped(void *context, enum wire_result result, const char *text)
{
	struct check *check = context;

	/* the number that the reaper went by was this process's for as long as it lives */
	bool alive = process_alive(check->peer->process.pidfd);

	if (!alive || (result != RESULT_DONE && result != RESULT_ABSENT)) {
		check_refuse(check, REASON_SCOPE);
		session_refused(check->jitd, check->judgement.access, check->session,
		                alive ? text : "its process is gone");
	}
	check_conclude(check);
}

/* sudo and su; a login gets its scope from pam_systemd. Where there never was a reaper, sessions
 * are not ended, and `status` says so. */
static bool scope_is_due(const struct check *check)
{
	return check->session && check->door.vouch == VOUCH_KERNEL &&
	       reaper_is_due(check->jitd->reaper);
}

static struct process_id opener_of(const struct check *check)
{
	return (struct process_id){.pid = check->peer->process.pid,
	                           .start_time = check->peer->process.start_time};
}

static void put_into_scope(struct check *check)
{
	const struct process_id opener = opener_of(check);
	char id[SESSION_ID_SIZE];

	session_id(check->judgement.access, check->session, id);
	reaper_scope(check->jitd->reaper, id, &opener, check->judgement.until - check->door.now,
	             scoped, check);
}

void check_session_opened(struct check *check)
{
	session_watch(check->jitd, check->judgement.access, check->session, &check->peer->process);
	endings_expect(check->jitd, check->door.boot + check->judgement.until - check->door.now);
	recheck_opened(check->jitd, check->door.boot);
	if (scope_is_due(check))
		put_into_scope(check);
	else
		check_conclude(check);
}

static int close_inside(struct check *check)
{
	uint32_t access;
	char handle[33];
	int r;

	hex_encode(check->ask.handle.bytes, sizeof(check->ask.handle.bytes), handle);
	r = session_close(check->jitd, handle, check->door.now, check->door.boot, "closed",
	                  &access);
	check->judgement = (struct judgement){.decision = DECISION_ALLOW, .access = access};
	return r;
}

void check_close_session(struct check *check)
{
	int r = txn_enter(check->jitd->txn);

	if (r == 0) {
		r = close_inside(check);
		r = txn_leave(check->jitd->txn, r);
	}
	if (r == 0) {
		txn_wait(check->jitd->txn, &check->result);
		return;
	}
	check_refuse(check, REASON_STORE);
	check_conclude(check);
}

/* sudo, su and login end by themselves. */
void check_session_refused(const struct check *check)
{
	const struct process_id opener = opener_of(check);

	if (check->ask.phase == PHASE_OPEN_SESSION && !strcmp(check->door.service, "ssh"))
		dismiss(check->jitd, &opener);
}
