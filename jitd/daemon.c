/* SPDX-License-Identifier: Apache-2.0 */
/* Putting the daemon together, and taking it apart. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/audit.h"
#include "jitd/call.h"
#include "jitd/check.h"
#include "jitd/codes.h"
#include "jitd/dismissal.h"
#include "jitd/dispatch.h"
#include "jitd/ending.h"
#include "jitd/grant.h"
#include "jitd/instant.h"
#include "jitd/issuers.h"
#include "jitd/jitd.h"
#include "jitd/listing.h"
#include "jitd/purge.h"
#include "jitd/reaper.h"
#include "jitd/readings.h"
#include "jitd/recheck.h"
#include "jitd/redate.h"
#include "jitd/reservation.h"
#include "jitd/revocation.h"
#include "jitd/rotation.h"
#include "jitd/rules.h"
#include "jitd/session.h"
#include "jitd/sweep.h"
#include "jitd/unwritten.h"
#include "jitd/warning.h"

static const struct peer_calls peer_calls = {.receive = dispatch,
                                             .abandon = check_abandon,
                                             .go_on = listing_continue,
                                             .forget = listing_free};

static void deadline_reached(void *context)
{
	grant_look(context);
}

static void clock_stepped(void *context)
{
	struct jitd *jitd = context;

	if (jitd->stopping || !jitd->peers)
		return;
	redate_alone(jitd);
	grant_look(jitd);
	endings_look(jitd);
}

static void after_commit(void *context)
{
	struct jitd *jitd = context;

	instants_committed(jitd);
	if (jitd->stopping)
		return;
	endings_committed(jitd);
	warnings_committed(jitd);
	if (!jitd->accesses_changed)
		return;
	jitd->accesses_changed = false;
	listing_tell_watchers(jitd);
	timer_start(jitd->deadline,
	            0); /* looks for the next deadline, once, outside of this commit */
}

/* The host's name, fixed at first start: tokens name it. */
static int settle_host_id(struct jitd *jitd)
{
	cleanup(query_done) struct query known = store_query(jitd->store, STATEMENT_META_GET);
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_META_SET);
	char name[HOST_NAME_MAX + 1] = "";
	const char *wanted = jitd->settings->host_id;
	int r;

	query_text(&known, ":key", "host-id");
	r = query_step(&known);
	if (r < 0)
		return r;
	if (r == QUERY_ROW && !wanted)
		return text_copy(jitd->host_id, sizeof(jitd->host_id),
		                 query_column_text(&known, 0));
	if (!wanted && (gethostname(name, sizeof(name) - 1) < 0 || !*name))
		return -EINVAL;
	r = text_copy(jitd->host_id, sizeof(jitd->host_id), wanted ? wanted : name);
	if (r < 0 || !text_is_clean(jitd->host_id, strlen(jitd->host_id)))
		return -EINVAL;
	query_text(&query, ":key", "host-id");
	query_text(&query, ":value", jitd->host_id);
	return query_finish(&query);
}

static int write_start(struct jitd *jitd)
{
	char text[sizeof("policy ") + sizeof(jitd->policy_digest)];
	const struct instant instant = instant_now(jitd);
	const int64_t now = instant.now;
	size_t refused;
	int r = txn_enter(jitd->txn);

	if (r < 0)
		return r;
	r = settle_host_id(jitd);
	if (r == 0)
		r = text_format(text, sizeof(text), "policy %s", jitd->policy_digest);
	if (r == 0)
		r = audit_append(jitd, now, &(struct event){.event = EVENT_START, .text = text});
	if (r == 0) /* one that is wrong refuses for itself: others must get in, to mend it */
		r = issuers_read(jitd, now, &refused);
	if (r == 0 && clock_gives(instant.clock)) /* the boot before may have had another clock */
		r = redate(jitd, now, instant.boot);
	if (r == 0) /* the rules may have changed while nobody looked */
		r = sweep_pending(jitd, now);
	r = txn_leave(jitd->txn, r);
	if (r == 0)
		txn_flush(jitd->txn);
	return r;
}

static int open_stores(struct jitd *jitd, struct fault *fault)
{
	cleanup(cleanup_free) char *path = NULL;
	int r;

	if (asprintf(&path, "%s/jitd.db", jitd->settings->state_dir) < 0) {
		path = NULL;
		return fault_set(fault, -ENOMEM, "no memory");
	}
	r = store_open(path, STORE_WRITER, &jitd->store, fault);
	return r < 0 ? r : store_open(path, STORE_READER, &jitd->reader, fault);
}

static int make_parts(struct jitd *jitd)
{
	int r = loop_new(&jitd->loop);

	if (r == 0)
		r = readings_new(jitd, &jitd->readings);
	if (r == 0)
		r = txn_new(jitd->loop, jitd->store, &jitd->txn);
	if (r == 0)
		r = process_boot_id(jitd->boot_id);
	if (r == 0)
		r = instants_new(jitd, clock_stepped, &jitd->instants);
	if (r == 0)
		r = loop_alarm(jitd->loop, deadline_reached, jitd, &jitd->deadline);
	if (r == 0)
		r = audit_new(jitd, &jitd->audit);
	if (r == 0)
		r = names_new(jitd->loop, &jitd->names);
	if (r == 0)
		r = issuers_new(jitd->settings, &jitd->issuers);
	if (r == 0)
		r = reservations_new(&jitd->reservations);
	if (r == 0)
		r = sessions_new(jitd, &jitd->sessions);
	if (r == 0)
		r = reaper_new(jitd->loop, jitd->settings->socket_dir, &jitd->reaper);
	if (r == 0)
		r = endings_new(jitd, &jitd->endings);
	if (r == 0)
		r = warnings_new(jitd, &jitd->warnings);
	if (r == 0)
		r = recheck_new(jitd, &jitd->recheck);
	if (r == 0)
		r = purge_new(jitd, &jitd->purge);
	if (r == 0)
		r = revocation_prepare(jitd);
	return r;
}

static int build(struct jitd *jitd, struct sockets *sockets, struct fault *fault)
{
	const struct settings *settings = jitd->settings;
	int r = rules_load(settings, &jitd->policy, jitd->policy_digest, fault);

	if (r == 0)
		r = codes_load(settings->state_dir, &jitd->codes, fault);
	if (r == 0)
		r = open_stores(jitd, fault);
	if (r < 0)
		return r;
	r = make_parts(jitd);
	if (r < 0)
		return fault_set(fault, r, "cannot start: %s", strerror(-r));
	r = rotation_start(jitd, fault);
	if (r < 0)
		return r;
	r = write_start(jitd);
	if (r == 0)
		r = peers_new(jitd, sockets, &peer_calls, &jitd->peers);
	if (r < 0)
		return fault_set(fault, r, "cannot start: %s", strerror(-r));
	*sockets = (struct sockets){.pam = -1, .client = -1};
	txn_after_commit(jitd->txn, after_commit, jitd);
	if (!reaper_is_due(jitd->reaper))
		audit_log(jitd->audit,
		          "no jit-reaper at %s/" WIRE_REAPER_SOCKET
		          ": sessions outlive their accesses",
		          settings->socket_dir);
	sessions_find_again(jitd);
	grant_look(jitd);
	endings_look(jitd);
	warnings_look(jitd);
	recheck_soon(jitd);
	purge_begin(jitd);
	return 0;
}

int jitd_new(struct settings *settings, struct sockets *sockets, struct jitd **ret_jitd,
             struct fault *fault)
{
	struct jitd *jitd = calloc(1, sizeof(*jitd));
	int r;

	if (!jitd) {
		settings_free(settings);
		return fault_set(fault, -ENOMEM, "no memory");
	}
	jitd->settings = settings;
	r = build(jitd, sockets, fault);
	if (r < 0) {
		jitd_free(jitd);
		return r;
	}
	*ret_jitd = jitd;
	return 0;
}

struct jitd *jitd_free(struct jitd *jitd)
{
	if (!jitd)
		return NULL;
	jitd->stopping = true;
	if (jitd->peers) {
		audit_alone(jitd, instant_now(jitd).now, &(struct event){.event = EVENT_STOP});
		txn_flush(jitd->txn);
	}
	/* nobody asks any more; what is in flight still uses the rest, ends first, and finds its
	 * peers closed and nobody known */
	jitd->peers = peers_free(jitd->peers);
	names_close(jitd->names);
	sweeps_end(jitd);
	while (jitd->loop && (readings_wait(jitd->readings) || loop_work_in_flight(jitd->loop)))
		loop_turn(jitd->loop, true);
	jitd->names = names_free(jitd->names);
	jitd->reaper = reaper_free(jitd->reaper);
	jitd->endings = endings_free(jitd->endings);
	jitd->warnings = warnings_free(jitd->warnings);
	jitd->recheck = recheck_free(jitd->recheck);
	jitd->purge = purge_free(jitd->purge);
	jitd->audit = audit_free(jitd->audit);
	jitd->txn = txn_free(jitd->txn);
	dismissals_free(jitd); /* what was not committed may have made one */
	jitd->readings = readings_free(jitd->readings);
	jitd->instants = instants_free(jitd->instants);
	jitd->unwritten = unwritten_free(jitd->unwritten);
	jitd->sessions = sessions_free(jitd->sessions);
	jitd->reservations = reservations_free(jitd->reservations);
	jitd->rotation = rotation_free(jitd->rotation);
	timer_free(jitd->deadline);
	loop_free(jitd->loop);
	store_free(jitd->reader);
	store_free(jitd->store);
	codes_free(jitd->codes);
	issuers_free(jitd->issuers);
	keys_release(jitd->keys);
	policy_free(jitd->policy);
	settings_free(jitd->settings);
	free(jitd);
	return NULL;
}
