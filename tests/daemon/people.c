/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/people.h"

#include <string.h>
#include <unistd.h>

#include "jitd/clock.h"
#include "tests/daemon/accounts.h"

static const char passwd[] = "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n"
                             "games:x:5:60::/:/bin/sh\ngames2:x:5:60::/:/bin/sh\n"
                             "man:x:6:12::/:/bin/sh\nman2:x:6:12::/:/bin/sh\n"
                             "lp:x:7:7::/:/bin/sh\nmail:x:8:8::/:/bin/sh\n"
                             "news:x:9:9::/:/bin/sh\n";
const char people_groups[] = PEOPLE_GROUPS "friends:x:300:games,lp\ndeciders:x:301:man,lp,mail\n";

/* clock_wall() hands no context over. */
static int64_t ahead;
static bool here;

int64_t __real_clock_wall(void);
int64_t __wrap_clock_wall(void);
int64_t __wrap_clock_wall(void)
{
	return __real_clock_wall() + ahead;
}

int64_t *people_ahead(void)
{
	return &ahead;
}

void people_come(void)
{
	here = own_mounts() && accounts_own();
}

int people_begin_with(void **state, const char *rules, const char *settings)
{
	static struct host host;

	ahead = 0;
	if (!here)
		return 0;
	accounts_passwd(passwd);
	accounts_group(people_groups);
	host_make(&host, rules, settings);
	host_start_here(&host);
	*state = &host;
	return 0;
}

int people_begin(void **state)
{
	return people_begin_with(state, PEOPLE_RULE_ROOT PEOPLE_RULES, "max-grant = \"2h\"\n");
}

int people_end(void **state)
{
	if (*state)
		host_remove(*state);
	return 0;
}

struct host *need_people(void **state)
{
	need_root("it speaks as several users");
	if (here)
		return *state;
	print_message("skipped: no users of our own without a mount namespace\n");
	skip();
	return NULL;
}

/* ---- what is seen ---- */

void expect_state(const struct host *host, uint32_t access, const char *word)
{
	if (on_disk(host, "SELECT count(*) FROM access WHERE id = %u AND state = '%s'", access,
	            word) != 1)
		fail_msg("access %u is not %s", access, word);
}

static int64_t refusals(const struct host *host, const char *reason)
{
	return on_disk(host,
	               "SELECT coalesce(sum(count), 0) FROM event WHERE event = 'refused' AND "
	               "reason = '%s'",
	               reason);
}

/* The answer to a refusal may come a moment before its event is on disk: whoever asks again comes
 * after it, sooner or later. */
static bool refusals_become(const struct host *host, const char *reason, int64_t wanted)
{
	const struct message ask = {.id = MESSAGE_status};
	struct message answer;

	for (int i = 0; i < 1000 && refusals(host, reason) < wanted; i++)
		say(host, ROOT, &ask, &answer);
	return refusals(host, reason) == wanted;
}

void expect_refusal(const struct host *host, struct person person, const struct message *message,
                    const char *word, const char *reason)
{
	int64_t before = refusals(host, reason);

	must_refuse(host, person, message, word);
	if (!refusals_become(host, reason, before + 1))
		fail_msg("no event of the refusal \"%s\"", reason);
}

void must_approve(const struct host *host, struct person person, uint32_t access)
{
	const struct message message = approve_of(access, WIRE_DEFAULT);

	must_do(host, person, &message);
}

void expect_sudo(const struct host *host, enum decision decision, const char *word)
{
	const struct message message = check_of(PHASE_ACCOUNT, "games", 1);
	struct message answer;

	assert_int_equal(check(host, &message, &answer), decision);
	if (!strstr(answer.verdict.text, word))
		fail_msg("not \"%s\": %s", word, answer.verdict.text);
}
