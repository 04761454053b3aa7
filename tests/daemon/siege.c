/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/siege.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jitd/clock.h"
#include "jitd/peer.h"

static const char rules[] = "rule \"play\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
                            "approvals = 0 max = \"1h\" }\n";

/* clock_ticks() hands no context over. */
static int64_t ahead;

int64_t __real_clock_ticks(void);
int64_t __wrap_clock_ticks(void);
int64_t __wrap_clock_ticks(void)
{
	return __real_clock_ticks() + ahead;
}

int64_t *siege_ahead(void)
{
	return &ahead;
}

int siege_begin(void **state)
{
	static struct host host;

	ahead = 0;
	if (geteuid() != 0)
		return 0;
	host_make(&host, rules, NULL);
	host_start_here(&host);
	*state = &host;
	return 0;
}

int siege_end(void **state)
{
	if (*state)
		host_remove(*state);
	return 0;
}

struct host *need_siege(void **state)
{
	need_root("it connects as several users");
	return *state;
}

void send_bytes(const struct link *link, const void *bytes, size_t length)
{
	ssize_t n = send(link->client.fd, bytes, length, MSG_NOSIGNAL);

	/* hung up on meanwhile */
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		return;
	assert_int_equal(n, (ssize_t)length);
}

void expect_hang_up(struct link *link)
{
	struct message answer;

	if (link_receive(link, &answer))
		fail_msg("an answer: %d", (int)answer.id);
}

void expect_service(const struct host *host)
{
	const struct message status = {.id = MESSAGE_status};
	struct message message = check_of(PHASE_ACCOUNT, "man", 1), answer;

	say(host, MANNY, &status, &answer);
	assert_int_equal(answer.id, MESSAGE_counter);
	memcpy(message.check.ruser, "man", sizeof("man"));
	message.check.uid = MAN;
	assert_int_equal(check(host, &message, &answer), DECISION_DENY);
	assert_non_null(strstr(answer.verdict.text, "you hold no access"));
}

void settle(const struct host *host)
{
	while (peers_count(host->jitd->peers, PEER_PAM) ||
	       peers_count(host->jitd->peers, PEER_CLIENT))
		host_turn(host, true);
}
