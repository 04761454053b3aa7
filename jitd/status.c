/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/ending.h"
#include "jitd/instant.h"
#include "jitd/reaper.h"
#include "jitd/session.h"

#define NOT_ENDED_MAX 16 /* rows of them */

__attribute__((format(printf, 3, 4))) static void row(struct peer *peer, const char *name,
                                                      const char *format, ...)
{
	struct message out = {.id = MESSAGE_counter};
	char value[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	text_sanitize(out.counter.name, sizeof(out.counter.name), name);
	text_sanitize(out.counter.value, sizeof(out.counter.value), value);
	peer_send(peer, &out);
}

static long long count(struct store *reader, enum statement statement)
{
	cleanup(query_done) struct query query = store_query(reader, statement);

	return query_step(&query) == QUERY_ROW ? (long long)query_column(&query, 0) : -1;
}

static long long count_due(struct jitd *jitd)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->reader, STATEMENT_SESSION_COUNT_DUE);
	const struct instant instant = instant_now(jitd);

	query_number(&query, ":now", instant.now);
	query_number(&query, ":boot", instant.boot);
	query_text(&query, ":boot_id", jitd->boot_id);
	return query_step(&query) == QUERY_ROW ? (long long)query_column(&query, 0) : -1;
}

void status_send(struct peer *peer)
{
	char text[SESSION_ID_SIZE + REAPER_TEXT];
	struct jitd *jitd = peer->jitd;
	struct txn_counters txn = txn_counters(jitd->txn);
	const struct signer *signer = keys_signer(jitd->keys);
	unsigned long long messages = txn.messages, commits = txn.commits;

	row(peer, "state", "ready");
	instant_describe(jitd, text, sizeof(text));
	row(peer, "clock", "%s", text);
	row(peer, "host-id", "%s", jitd->host_id);
	row(peer, "policy", "%s", jitd->policy_digest);
	row(peer, "rules", "%zu", policy_rule_count(jitd->policy));
	row(peer, "key", "%s", signer ? signer->kid : "");
	row(peer, "pending", "%lld", count(jitd->reader, STATEMENT_ACCESS_COUNT_PENDING));
	row(peer, "active", "%lld", count(jitd->reader, STATEMENT_ACCESS_COUNT_ACTIVE));
	row(peer, "sessions", "%lld", count(jitd->reader, STATEMENT_SESSION_COUNT));
	row(peer, "sessions-to-end", "%lld", count_due(jitd));
	reaper_describe(jitd->reaper, text);
	row(peer, "reaper", "%s", text);
	for (size_t i = 0;
	     i < NOT_ENDED_MAX && endings_failed(jitd->endings, i, text, sizeof(text)); i++)
		row(peer, "not-ended", "%s", text);
	row(peer, "locked", "%lld", count(jitd->reader, STATEMENT_LOCK_COUNT));
	row(peer, "events", "%lld", count(jitd->reader, STATEMENT_EVENT_LAST));
	row(peer, "checks-allowed", "%llu", (unsigned long long)jitd->verdicts_allow);
	row(peer, "checks-denied", "%llu", (unsigned long long)jitd->verdicts_deny);
	row(peer, "commits", "%llu", commits);
	row(peer, "messages-committed", "%llu", messages);
	row(peer, "rows-committed", "%llu", (unsigned long long)txn.rows);
	row(peer, "messages-per-commit", "%.2f",
	    commits ? (double)messages / (double)commits : 0.0);
	row(peer, "failed-transactions", "%llu", (unsigned long long)txn.failures);
	row(peer, "pam-connections", "%u", peers_count(jitd->peers, PEER_PAM));
	row(peer, "client-connections", "%u", peers_count(jitd->peers, PEER_CLIENT));
	row(peer, "names-lost", "%u",
	    names_lost(jitd->names, LANE_PAM) + names_lost(jitd->names, LANE_CLIENT));
}
