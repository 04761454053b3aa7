/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole daemon in this process. Its handlers are called with people who exist nowhere else, so
 * that who may do what is tested without NSS, root, or a second uid.
 */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/call.h"
#include "jitd/clock.h"
#include "jitd/grant.h"
#include "jitd/shown.h"

#define RULES                                                                                       \
	"rule \"become\" { who = {\"man\", \"games\"} scope = {\"sudo:games\", \"sudo:lp\"} "       \
	"approvals = 0 }\n"                                                                         \
	"rule \"many\" { who = {\"games\"} scope = {\"sudo:irc\"} approvals = 0 }\n"                \
	"rule \"root\" { who = {\"games\"} scope = {\"sudo:root\"} approvers = {\"%deciders\"} }\n" \
	"rule \"two\" { who = {\"news\"} scope = {\"sudo:root\"} approvers = {\"%deciders\"} "      \
	"approvals = 2 }\n"

enum { GAMES = 5, MAN = 6, LP = 7, MAIL = 8, NEWS = 9 };

struct host {
	char directory[40];
	struct sockaddr_un address; /* of the client socket */
	socklen_t address_length;
	struct jitd *jitd;
};

/* ---- a daemon ---- */

static int listen_somewhere(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void complain(void *context, enum policy_severity severity, const char *line)
{
	(void)context;
	(void)severity;
	fail_msg("%s", line);
}

static void start(struct host *host)
{
	struct sockets sockets = {.pam = listen_somewhere(), .client = listen_somewhere()};
	struct policy_source source = {.name = "jitd.conf"};
	struct settings *settings = NULL;
	struct fault fault = {.text = ""};
	char text[512];

	assert_int_equal(text_format(text, sizeof(text),
	                             "host-id = \"test.example.org\"\nstate-dir = \"%s/state\"\n"
	                             "policy-dir = \"%s/policy\"\n",
	                             host->directory, host->directory),
	                 0);
	source.text = text;
	host->address_length = sizeof(host->address);
	assert_int_equal(getsockname(sockets.client, (struct sockaddr *)&host->address,
	                             &host->address_length),
	                 0);
	assert_int_equal(settings_parse(&source, complain, NULL, &settings), 0);
	settings->owner = geteuid();
	if (jitd_new(settings, &sockets, &host->jitd, &fault) < 0)
		fail_msg("%s", fault.text);
}

static int make_host(void **state)
{
	struct host *host = calloc(1, sizeof(*host));
	char path[64];
	FILE *file;

	assert_non_null(host);
	strcpy(host->directory, "/tmp/jitd-inside.XXXXXX");
	assert_non_null(mkdtemp(host->directory));
	snprintf(path, sizeof(path), "%s/state", host->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/policy", host->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/policy/test.conf", host->directory);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(RULES, file) >= 0 && fchmod(fileno(file), 0600) == 0);
	assert_int_equal(fclose(file), 0);
	start(host);
	*state = host;
	return 0;
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *where)
{
	(void)found;
	(void)type;
	(void)where;
	return remove(path);
}

static int remove_host(void **state)
{
	struct host *host = *state;

	jitd_free(host->jitd);
	assert_int_equal(nftw(host->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(host);
	return 0;
}

/* ---- people ---- */

static struct identity *person(uid_t uid)
{
	static const char *const names[] = {
	        [GAMES] = "games", [MAN] = "man", [LP] = "lp", [MAIL] = "mail", [NEWS] = "news"};
	struct identity *identity = calloc(1, sizeof(*identity));

	assert_non_null(identity);
	identity->uid = uid;
	assert_int_equal(text_copy(identity->name, sizeof(identity->name), names[uid]), 0);
	if (uid == GAMES || uid == NEWS)
		return identity;
	identity->groups = calloc(1, sizeof(*identity->groups));
	assert_non_null(identity->groups);
	identity->group_count = 1;
	assert_int_equal(text_copy(identity->groups[0], NAME_SIZE, "deciders"), 0);
	return identity;
}

static void note(void *context, bool active)
{
	*(int *)context = active;
}

static bool turn_until(struct jitd *jitd, const int *result)
{
	while (*result < 0)
		loop_turn(jitd->loop, true);
	return *result;
}

static void find_requester(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	uint32_t id = call_access(&call->in);

	if (!id || access_get(call->jitd->store, id, &access) != 0)
		return;
	call->requester_result = NAMES_FOUND;
	call->requester = person(access->uid);
}

/* As dispatch does it; true: done. The answer is in `message`. */
static bool say(struct jitd *jitd, uid_t uid, int (*handle)(struct call *), struct message *message)
{
	struct peer peer = {.jitd = jitd,
	                    .fd = -1,
	                    .holders = 1,
	                    .process = {.uid = uid,
	                                .login_uid = LOGIN_UID_NONE,
	                                .login_uid_known = true,
	                                .real_uid = uid}};
	struct call call = {
	        .jitd = jitd, .peer = &peer, .now = clock_wall(), .caller = person(uid)};
	int active = -1;

	memcpy(&call.in, message, sizeof(call.in));
	find_requester(&call);
	call.roles = roles_of(jitd, &peer.process, call.caller);
	assert_int_equal(txn_enter(jitd->txn), 0);
	assert_int_equal(handle(&call), 0);
	assert_int_equal(txn_leave(jitd->txn, 0), 0);
	if (call.activate) {
		grant_activate(jitd, call.activate, note, &active);
		assert_true(turn_until(jitd, &active));
	}
	txn_flush(jitd->txn);
	identity_free(call.caller);
	identity_free(call.requester);
	memcpy(message, &call.out, sizeof(*message));
	return message->id == MESSAGE_done;
}

static uint32_t ask(struct jitd *jitd, uid_t uid, const char *scope)
{
	struct message message = {.id = MESSAGE_request};

	message.request.seconds = WIRE_DEFAULT;
	assert_int_equal(text_copy(message.request.scope, sizeof(message.request.scope), scope), 0);
	if (!say(jitd, uid, handle_request, &message))
		fail_msg("%s", message.refused.text);
	return message.done.access;
}

static void give_back(struct jitd *jitd, uid_t uid, uint32_t access)
{
	struct message message = {.id = MESSAGE_cancel};

	message.cancel.access = access;
	assert_true(say(jitd, uid, handle_cancel, &message));
}

static void look(struct jitd *jitd, uint32_t id, char ret_digest[static SHOWN_SIZE])
{
	cleanup(cleanup_access) struct access *access = NULL;

	assert_int_equal(access_get(jitd->store, id, &access), 0);
	assert_int_equal(shown_digest(access, ret_digest), 0);
}

static bool approves(struct jitd *jitd, uid_t uid, uint32_t access, const char *refusal)
{
	struct message message = {.id = MESSAGE_approve};
	bool done;

	message.approve.access = access;
	message.approve.seconds = WIRE_DEFAULT;
	look(jitd, access, message.approve.digest);
	done = say(jitd, uid, handle_approve, &message);
	if (!done)
		assert_non_null(strstr(message.refused.text, refusal));
	return done;
}

/* ---- one person, two names ---- */

static void test_approver_who_held_requesters_account(void **state)
{
	struct jitd *jitd = ((struct host *)*state)->jitd;
	uint32_t wanted, road = ask(jitd, MAN, "sudo:games");

	wanted = ask(jitd, GAMES, "sudo:root");
	assert_false(approves(jitd, MAN, wanted, "account of games"));
	give_back(jitd, MAN, road); /* what was started through it may still run */
	assert_false(approves(jitd, MAN, wanted, "account of games"));
	assert_true(approves(jitd, MAIL, wanted, ""));
}

static void test_requester_who_held_approvers_account(void **state)
{
	struct jitd *jitd = ((struct host *)*state)->jitd;
	uint32_t wanted;

	give_back(jitd, GAMES, ask(jitd, GAMES, "sudo:lp"));
	give_back(jitd, GAMES, ask(jitd, GAMES, "sudo:irc")); /* nor is it only the last one */
	wanted = ask(jitd, GAMES, "sudo:root");
	assert_false(approves(jitd, LP, wanted, "your account"));
	assert_true(approves(jitd, MAIL, wanted, ""));
}

static void test_second_approver_who_is_the_first(void **state)
{
	struct jitd *jitd = ((struct host *)*state)->jitd;
	uint32_t wanted = ask(jitd, NEWS, "sudo:root");

	(void)ask(jitd, MAN, "sudo:lp");
	assert_true(approves(jitd, MAN, wanted, ""));
	assert_false(approves(jitd, LP, wanted, "your account"));
	assert_true(approves(jitd, MAIL, wanted, ""));
}

/* One message, which ends with `result`. */
static int write_lock(struct jitd *jitd, uid_t uid, int result)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_LOCK_SET);

	assert_int_equal(txn_enter(jitd->txn), 0);
	query_number(&query, ":uid", uid);
	query_text(&query, ":name", "somebody");
	query_number(&query, ":now", 1);
	query_text(&query, ":by", "root");
	assert_int_equal(query_finish(&query), 0);
	return txn_leave(jitd->txn, result);
}

/* Who is locked because somebody else may have the account has no say either. */
static void test_locked_approver(void **state)
{
	struct jitd *jitd = ((struct host *)*state)->jitd;
	uint32_t wanted = ask(jitd, GAMES, "sudo:root");
	struct message message = {.id = MESSAGE_deny};

	assert_int_equal(write_lock(jitd, MAN, 0), 0);
	assert_false(approves(jitd, MAN, wanted, "locked"));
	message.deny.access = wanted;
	assert_false(say(jitd, MAN, handle_deny, &message));
	assert_true(approves(jitd, MAIL, wanted, ""));
}

/* ---- one message of a transaction ---- */

static bool is_locked(struct jitd *jitd, uid_t uid)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_LOCK_GET);

	query_number(&query, ":uid", uid);
	return query_step(&query) == QUERY_ROW;
}

/* The first of a transaction is undone with all of it, a later one alone. */
static void test_what_is_refused_is_undone_alone(void **state)
{
	struct jitd *jitd = ((struct host *)*state)->jitd;

	txn_flush(jitd->txn);
	assert_int_equal(write_lock(jitd, GAMES, -EPERM), -EPERM);
	assert_int_equal(write_lock(jitd, MAN, 0), 0);
	assert_int_equal(write_lock(jitd, LP, -EPERM), -EPERM);
	assert_int_equal(write_lock(jitd, MAIL, 0), 0);
	assert_true(store_in_transaction(jitd->store));
	txn_flush(jitd->txn);
	assert_false(store_in_transaction(jitd->store));
	assert_false(is_locked(jitd, GAMES) || is_locked(jitd, LP));
	assert_true(is_locked(jitd, MAN) && is_locked(jitd, MAIL));
	assert_int_equal(txn_counters(jitd->txn).failures, 0);
}

/* ---- becoming active ---- */

/* As when the search for what is ripe finds an access that is being signed already. */
static void test_both_activations_of_one_access_succeed(void **state)
{
	struct jitd *jitd = ((struct host *)*state)->jitd;
	int first = -1, second = -1;
	uint32_t access = ask(jitd, NEWS, "sudo:root");

	assert_true(approves(jitd, MAN, access, ""));
	grant_activate(jitd, access, note, &first);
	assert_false(turn_until(jitd, &first)); /* one of two approvals */
	assert_true(approves(jitd, MAIL, access, ""));
	first = -1;
	grant_activate(jitd, access, note, &first);
	grant_activate(jitd, access, note, &second);
	assert_true(turn_until(jitd, &first) && turn_until(jitd, &second));
}

/* ---- the end ---- */

/* What comes in while a signature is still on its way is not read any more. */
static void test_stop_with_a_signature_in_flight(void **state)
{
	struct host *host = *state;
	const struct message status = {.id = MESSAGE_status};
	int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), active = -1;
	uint8_t packet[WIRE_PACKET];
	struct fault fault;
	size_t length;

	assert_int_equal(message_encode(&status, packet, &length, &fault), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&host->address, host->address_length),
	                 0);
	while (!peers_count(host->jitd->peers, PEER_CLIENT))
		loop_turn(host->jitd->loop, true);
	grant_activate(host->jitd, ask(host->jitd, MAN, "sudo:lp"), note, &active);
	assert_int_equal(send(client, packet, length, 0), (ssize_t)length);
	host->jitd = jitd_free(host->jitd);
	assert_int_equal(active, 1);
	assert_true(recv(client, packet, sizeof(packet), 0) <= 0);
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_approver_who_held_requesters_account,
	                                        make_host, remove_host),
	        cmocka_unit_test_setup_teardown(test_requester_who_held_approvers_account,
	                                        make_host, remove_host),
	        cmocka_unit_test_setup_teardown(test_second_approver_who_is_the_first, make_host,
	                                        remove_host),
	        cmocka_unit_test_setup_teardown(test_locked_approver, make_host, remove_host),
	        cmocka_unit_test_setup_teardown(test_what_is_refused_is_undone_alone, make_host,
	                                        remove_host),
	        cmocka_unit_test_setup_teardown(test_both_activations_of_one_access_succeed,
	                                        make_host, remove_host),
	        cmocka_unit_test_setup_teardown(test_stop_with_a_signature_in_flight, make_host,
	                                        remove_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
