/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/crowd.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void note_events(struct crowd *crowd)
{
	crowd->events_before = on_disk(crowd->host, "SELECT coalesce(max(id), 0) FROM event");
}

void crowd_gather(struct crowd *crowd, const struct host *host, size_t size)
{
	*crowd = (struct crowd){.host = host, .size = size};
	for (size_t i = 0; i < size; i++)
		link_open(host, PAM_SOCKET, SELF, &crowd->links[i]);
	note_events(crowd);
}

void crowd_scatter(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->size; i++)
		link_close(&crowd->links[i]);
	free(crowd->allowed);
	*crowd = (struct crowd){.size = 0};
}

/* What one asks in a round can be told from all else by its account, or its terminal. */
static struct message question(const struct crowd *crowd, unsigned int client)
{
	enum wire_phase phase = client % 2 ? PHASE_OPEN_SESSION : PHASE_ACCOUNT;
	struct message message = check_of(phase, "root", crowd->round * 1000ULL + client + 1);

	if (phase == PHASE_ACCOUNT) /* which names the caller, under sudo */
		snprintf(message.check.user, sizeof(message.check.user), "r%u-c%u", crowd->round,
		         client);
	snprintf(message.check.tty, sizeof(message.check.tty), "r%u-c%u", crowd->round, client);
	return message;
}

static void note_allow(struct crowd *crowd, unsigned int client)
{
	struct allowed *grown =
	        realloc(crowd->allowed, (crowd->count + 1) * sizeof(*crowd->allowed));

	assert_non_null(grown);
	crowd->allowed = grown;
	crowd->allowed[crowd->count++] =
	        (struct allowed){.round = crowd->round,
	                         .client = client,
	                         .phase = client % 2 ? PHASE_OPEN_SESSION : PHASE_ACCOUNT};
	crowd->allows++;
}

static void note_denial(struct crowd *crowd, const struct wire_verdict *verdict)
{
	crowd->denials++;
	best_effort(text_copy(crowd->why, sizeof(crowd->why), verdict->text));
}

/* A hang-up is a refusal too; who was hung up on comes again in the next round. */
static void hear(struct crowd *crowd, unsigned int client)
{
	struct link *link = &crowd->links[client];
	struct message answer;

	if (!link_receive(link, &answer)) {
		link_close(link);
		crowd->denials++;
		return;
	}
	assert_int_equal(answer.id, MESSAGE_verdict);
	if (answer.verdict.decision == DECISION_ALLOW)
		note_allow(crowd, client);
	else
		note_denial(crowd, &answer.verdict);
}

void crowd_ask(struct crowd *crowd)
{
	int fds[CROWD_MAX];

	crowd->round++;
	crowd->allows = crowd->denials = 0;
	for (unsigned int i = 0; i < crowd->size; i++) {
		const struct message message = question(crowd, i);
		if (crowd->links[i].client.fd < 0)
			link_open(crowd->host, PAM_SOCKET, SELF, &crowd->links[i]);
		link_send(&crowd->links[i], &message);
		fds[i] = crowd->links[i].client.fd;
	}
	host_wait(crowd->host, fds, crowd->size);
	for (unsigned int i = 0; i < crowd->size; i++)
		hear(crowd, i);
}

/* `after`: an event before which there is none of this one. */
static bool is_on_disk(struct sqlite3 *reader, const struct allowed *one, int64_t after)
{
	if (one->phase == PHASE_ACCOUNT)
		return reader_number(reader,
		                     "SELECT count(*) FROM event WHERE id > %lld AND "
		                     "event = 'check' AND verdict = 'allow' AND "
		                     "subject = 'games' AND account = 'r%u-c%u'",
		                     (long long)after, one->round, one->client) == 1;
	return reader_number(reader,
	                     "SELECT (SELECT count(*) FROM session WHERE tty = 'r%u-c%u' AND "
	                     "subject = 'games' AND account = 'root' AND access > 0) + "
	                     "(SELECT count(*) FROM event WHERE id > %lld AND "
	                     "event = 'session-open' AND text = 'r%u-c%u')",
	                     one->round, one->client, (long long)after, one->round,
	                     one->client) == 2;
}

static void verify(const struct crowd *crowd, size_t first, int64_t after)
{
	struct sqlite3 *reader = reader_open(crowd->host);

	for (size_t i = first; i < crowd->count; i++) {
		const struct allowed *one = &crowd->allowed[i];
		if (is_on_disk(reader, one, after))
			continue;
		host_tell(crowd->host);
		fail_msg("client %u was allowed (phase %d) in round %u, and there is no row of it",
		         one->client, one->phase, one->round);
	}
	reader_close(reader);
}

void crowd_verify_round(struct crowd *crowd)
{
	verify(crowd, crowd->count - crowd->allows, crowd->events_before);
	note_events(crowd);
}

void crowd_verify(const struct crowd *crowd)
{
	sqlite3 *reader = reader_open(crowd->host);

	verify(crowd, 0, 0);
	/* none more were opened than were allowed */
	assert_int_equal(reader_number(reader, "SELECT count(*) FROM session"),
	                 reader_number(reader, "SELECT count(*) FROM event WHERE event = 'check' "
	                                       "AND verdict = 'allow' AND phase = 'open-session'"));
	reader_close(reader);
}
