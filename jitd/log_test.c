/* SPDX-License-Identifier: Apache-2.0 */
/* What jitd says on its standard error, beside the events in its database. */
#include "tests/daemon/harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jitd/audit.h"
#include "jitd/loop.h"

static const char rules[] = "rule \"play\" { who = {\"games\"} scope = {\"sudo:man\"}\n"
                            "approvals = 0 }\n";

static int begin(void **state)
{
	static struct host host;

	if (geteuid() != 0)
		return 0;
	host_make(&host, rules, NULL);
	*state = &host;
	return 0;
}

static int end(void **state)
{
	if (*state)
		host_remove(*state);
	return 0;
}

static FILE *open_log(const struct host *host)
{
	char path[128];
	FILE *log;

	snprintf(path, sizeof(path), "%s/log", host->directory);
	log = fopen(path, "re");
	assert_non_null(log);
	return log;
}

/* The next line with this in it, from there on; false: there is none. */
static bool next_with(FILE *log, const char *word, char *ret_rest, size_t size)
{
	char line[4096];

	while (fgets(line, sizeof(line), log)) {
		const char *at = strstr(line, word);
		if (!at)
			continue;
		snprintf(ret_rest, size, "%s", at + strlen(word));
		return true;
	}
	return false;
}

static void each_event_has_its_line_in_its_place(void **state)
{
	struct host *host = *state;
	const struct message lock = lock_of("man"), unlock = unlock_of("man");
	char word[128];
	int64_t lines = 0;
	FILE *log;

	need_root("it asks as another user");
	host_start_child(host);
	(void)must_request(host, (struct person){GAMES, LOGIN_UID_NONE}, "sudo:man");
	must_do(host, ROOT, &lock);
	must_do(host, ROOT, &unlock);
	host_stop(host);
	log = open_log(host);
	while (next_with(log, "jitd: event=", word, sizeof(word))) {
		word[strcspn(word, " \n")] = '\0';
		assert_int_equal(on_disk(host,
		                         "SELECT count(*) FROM event WHERE event = '%s' AND id = "
		                         "(SELECT id FROM event ORDER BY id LIMIT 1 OFFSET %lld)",
		                         word, (long long)lines),
		                 1);
		lines++;
	}
	fclose(log);
	assert_string_equal(word, "stop");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event"), lines);
	assert_true(lines > 5);
}

/* Everything that is said from here on goes to the host's log; the way back. */
static int listen_to(const struct host *host)
{
	int saved = dup(STDERR_FILENO);

	assert_true(saved >= 0 && dup2(host->log, STDERR_FILENO) == STDERR_FILENO);
	return saved;
}

static void listen_no_more(const struct host *host, int saved)
{
	loop_turn(host->jitd->loop, false);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
}

/* Whoever reads it sees what came first first, be it an event or not. */
static void lines_come_in_the_order_of_what_happened(void **state)
{
	struct host *host = *state;
	char rest[128];
	FILE *log;
	int saved;

	need_root("the harness wants it");
	host_start_here(host);
	saved = listen_to(host);
	audit_alone(host->jitd, 1, &(struct event){.event = EVENT_CLOCK, .text = "place one"});
	audit_log(host->jitd->audit, "place two");
	audit_alone(host->jitd, 1, &(struct event){.event = EVENT_CLOCK, .text = "place three"});
	listen_no_more(host, saved);
	log = open_log(host);
	assert_true(next_with(log, "place ", rest, sizeof(rest)));
	assert_string_equal(rest, "one\"\n");
	assert_true(next_with(log, "place ", rest, sizeof(rest)));
	assert_string_equal(rest, "two\n");
	assert_true(next_with(log, "place ", rest, sizeof(rest)));
	assert_string_equal(rest, "three\"\n");
	fclose(log);
}

/* More than is kept at a time. */
static void none_is_lost_among_many(void **state)
{
	const int64_t many = 1000;
	struct host *host = *state;
	char rest[1024];
	int64_t lines = 0;
	FILE *log;
	int saved;

	need_root("the harness wants it");
	host_start_here(host);
	saved = listen_to(host);
	for (int64_t i = 0; i < many; i++)
		audit_alone(host->jitd, i,
		            &(struct event){
		                    .event = EVENT_CLOCK,
		                    .text = "one of many, with a long text that takes room: "
		                            "------------------------------------------------"
		                            "------------------------------------------------"});
	listen_no_more(host, saved);
	log = open_log(host);
	while (next_with(log, "one of many", rest, sizeof(rest))) {
		assert_string_equal(rest + strlen(rest) - 3, "-\"\n");
		lines++;
	}
	fclose(log);
	assert_int_equal(lines, many);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(each_event_has_its_line_in_its_place),
	        TEST(lines_come_in_the_order_of_what_happened),
	        TEST(none_is_lost_among_many),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
