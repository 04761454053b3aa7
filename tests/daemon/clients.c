/* SPDX-License-Identifier: Apache-2.0 */
/* The clients of the harness, and the fresh eye on the database. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "jitd/access.h"
#include "tests/daemon/harness.h"

#define PATIENCE_MS 20000

/* ---- a process for a connection ---- */

static bool set_login_uid(uid_t uid)
{
	char text[16];
	int fd = open("/proc/self/loginuid", O_RDWR | O_CLOEXEC), length;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	bool as_wanted;

	if (fd < 0)
		return errno == ENOENT && uid == LOGIN_UID_NONE;
	text[n > 0 ? n : 0] = '\0';
	as_wanted = strtoul(text, NULL, 10) == uid;
	length = snprintf(text, sizeof(text), "%u", uid);
	if (!as_wanted)
		as_wanted = pwrite(fd, text, (size_t)length, 0) == length;
	close(fd);
	return as_wanted;
}

bool person_become(struct person person)
{
	return set_login_uid(person.login_uid) && setgroups(0, NULL) == 0 &&
	       setresgid(person.uid, person.uid, person.uid) == 0 &&
	       setresuid(person.uid, person.uid, person.uid) == 0 &&
	       prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

static int connect_now(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (text_copy(address.sun_path, sizeof(address.sun_path), path) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message_with(struct iovec *part, union control *control)
{
	return (struct msghdr){.msg_iov = part,
	                       .msg_iovlen = 1,
	                       .msg_control = control,
	                       .msg_controllen = sizeof(control->bytes)};
}

static bool hand_over(int to, int fd)
{
	union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
	                                    .cmsg_level = SOL_SOCKET,
	                                    .cmsg_type = SCM_RIGHTS}};
	char byte = 'f';
	struct iovec part = {&byte, 1};
	struct msghdr message = message_with(&part, &control);

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(to, &message, MSG_NOSIGNAL) == 1;
}

int take_over(int from)
{
	union control control;
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = message_with(&part, &control);
	const struct cmsghdr *header;
	int fd = -1;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

bool connect_and_hand_over(const char *path, int to)
{
	int fd = connect_now(path);
	bool done = fd >= 0 && hand_over(to, fd);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Holds no descriptor of ours, so that what we close is closed. */
static void live_for_a_connection(const char *path, struct person person, int hold)
{
	char byte;

	if (hold != 3)
		dup2(hold, 3);
	close_range(4, ~0U, 0);
	if (!person_become(person) || !connect_and_hand_over(path, 3))
		_exit(1);
	(void)!read(3, &byte, 1);
	_exit(0);
}

static int connect_as(const char *path, struct person person, struct link *link)
{
	int pair[2], fd;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	link->pid = fork();
	if (link->pid == 0)
		live_for_a_connection(path, person, pair[1]);
	assert_true(link->pid > 0);
	close(pair[1]);
	link->hold = pair[0];
	fd = take_over(pair[0]);
	return fd;
}

void link_open(const struct host *host, const char *socket, struct person person, struct link *link)
{
	char path[128];

	*link = (struct link){.host = host, .client = CLIENT_CLOSED, .hold = -1};
	snprintf(path, sizeof(path), "%s/sockets/%s", host->directory, socket);
	link->client.fd =
	        person.uid == (uid_t)-1 ? connect_now(path) : connect_as(path, person, link);
	if (link->client.fd < 0)
		fail_msg("uid %d (login uid %d) does not get to %s", (int)person.uid,
		         (int)person.login_uid, path);
}

void link_beside(const struct host *host, struct link *link)
{
	struct message message = {.id = MESSAGE_status};

	link_open(host, CLIENT_SOCKET, SELF, link);
	link_send(link, &message);
	do
		assert_true(link_receive(link, &message));
	while (message.id != MESSAGE_end);
}

void until_on_the_pool(const struct host *host)
{
	while (!loop_work_in_flight(host->jitd->loop))
		host_turn(host, true);
}

void link_close(struct link *link)
{
	client_close(&link->client);
	if (link->hold >= 0)
		close(link->hold);
	if (link->pid)
		assert_int_equal(waitpid(link->pid, NULL, 0), link->pid);
	link->hold = -1;
	link->pid = 0;
}

void link_send(struct link *link, const struct message *message)
{
	struct fault fault = {.text = ""};

	link->client.deadline = client_now() + PATIENCE_MS;
	if (client_send(&link->client, message, &fault) < 0)
		fail_msg("not sent: %s", fault.text);
}

bool link_receive(struct link *link, struct message *ret_message)
{
	struct fault fault = {.text = ""};
	int r;

	host_wait(link->host, &link->client.fd, 1);
	link->client.deadline = client_now() + PATIENCE_MS;
	r = client_receive(&link->client, NULL, NULL, ret_message, &fault);
	if (r == -ECONNRESET)
		return false;
	if (r < 0)
		fail_msg("no message: %s", fault.text);
	return true;
}

/* Whoever approves has looked before. */
static void look(const struct host *host, struct message *message)
{
	if (message->id == MESSAGE_approve && !message->approve.digest[0])
		shown_on_disk(host, message->approve.access, message->approve.digest);
}

void say(const struct host *host, struct person person, const struct message *message,
         struct message *ret_answer)
{
	bool pam = message->id == MESSAGE_check;
	struct message out = *message;
	struct link link;

	look(host, &out);
	link_open(host, pam ? PAM_SOCKET : CLIENT_SOCKET, person, &link);
	link_send(&link, &out);
	assert_true(link_receive(&link, ret_answer));
	link_close(&link);
}

/* ---- what they say ---- */

static void put(char *text, size_t size, const char *value)
{
	assert_int_equal(text_copy(text, size, value), 0);
}

struct message request_of(const char *scope, int64_t seconds, const char *reason)
{
	struct message message = {.id = MESSAGE_request, .request = {.seconds = seconds}};

	put(message.request.scope, sizeof(message.request.scope), scope);
	put(message.request.reason, sizeof(message.request.reason), reason);
	return message;
}

struct message approve_of(uint32_t access, int64_t seconds)
{
	return (struct message){.id = MESSAGE_approve,
	                        .approve = {.access = access, .seconds = seconds}};
}

struct message deny_of(uint32_t access)
{
	return (struct message){.id = MESSAGE_deny, .deny = {.access = access}};
}

struct message cancel_of(uint32_t access)
{
	return (struct message){.id = MESSAGE_cancel, .cancel = {.access = access}};
}

struct message revoke_of(uint32_t access)
{
	struct message message = {.id = MESSAGE_revoke, .revoke = {.by = REVOKE_ACCESS}};

	snprintf(message.revoke.value, sizeof(message.revoke.value), "%u", access);
	return message;
}

struct message lock_of(const char *user)
{
	struct message message = {.id = MESSAGE_lock};

	put(message.lock.user, sizeof(message.lock.user), user);
	return message;
}

struct message unlock_of(const char *user)
{
	struct message message = {.id = MESSAGE_unlock};

	put(message.unlock.user, sizeof(message.unlock.user), user);
	return message;
}

struct message check_of(enum wire_phase phase, const char *user, uint64_t number)
{
	struct message message = {.id = MESSAGE_check,
	                          .check = {.phase = (uint8_t)phase,
	                                    .service = "sudo",
	                                    .ruser = "games",
	                                    .tty = "/dev/pts/0",
	                                    .uid = GAMES}};

	put(message.check.user, sizeof(message.check.user), user);
	memcpy(message.check.handle.bytes, &number, sizeof(number));
	return message;
}

uint32_t must_request(const struct host *host, struct person person, const char *scope)
{
	const struct message request = request_of(scope, WIRE_DEFAULT, "");
	struct message answer;

	say(host, person, &request, &answer);
	if (answer.id != MESSAGE_done) {
		host_tell(host);
		fail_msg("request refused: %s", answer.refused.text);
	}
	assert_int_not_equal(answer.done.access, 0);
	return answer.done.access;
}

void must_do(const struct host *host, struct person person, const struct message *message)
{
	struct message answer;

	say(host, person, message, &answer);
	if (answer.id != MESSAGE_done) {
		host_tell(host);
		fail_msg("refused: %s", answer.refused.text);
	}
}

void must_refuse(const struct host *host, struct person person, const struct message *message,
                 const char *word)
{
	struct message answer;

	say(host, person, message, &answer);
	if (answer.id != MESSAGE_refused)
		fail_msg("done, and not refused: %s", answer.done.text);
	if (!strstr(answer.refused.text, word))
		fail_msg("refused without \"%s\": %s", word, answer.refused.text);
}

enum decision check(const struct host *host, const struct message *message,
                    struct message *ret_answer)
{
	say(host, SELF, message, ret_answer);
	assert_int_equal(ret_answer->id, MESSAGE_verdict);
	return (enum decision)ret_answer->verdict.decision;
}

/* ---- what is on disk ---- */

sqlite3 *reader_open(const struct host *host)
{
	sqlite3 *reader = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/state/jitd.db", host->directory);
	/* "unix": whatever a test has put in between jitd and its disk */
	assert_int_equal(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "PRAGMA query_only = ON; PRAGMA busy_timeout = 2000;",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	return reader;
}

void reader_close(sqlite3 *reader)
{
	assert_int_equal(sqlite3_close(reader), SQLITE_OK);
}

static int64_t number_of(sqlite3 *reader, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t number;

	if (sqlite3_prepare_v2(reader, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(reader));
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

int64_t reader_number(sqlite3 *reader, const char *format, ...)
{
	char sql[1024];
	va_list arguments;

	va_start(arguments, format);
	assert_true((size_t)vsnprintf(sql, sizeof(sql), format, arguments) < sizeof(sql));
	va_end(arguments);
	return number_of(reader, sql);
}

int64_t on_disk(const struct host *host, const char *format, ...)
{
	sqlite3 *reader = reader_open(host);
	char sql[1024];
	va_list arguments;
	int64_t number;

	va_start(arguments, format);
	assert_true((size_t)vsnprintf(sql, sizeof(sql), format, arguments) < sizeof(sql));
	va_end(arguments);
	number = number_of(reader, sql);
	reader_close(reader);
	return number;
}

static char *column(sqlite3_stmt *row, int number)
{
	return (char *)(uintptr_t)sqlite3_column_text(row, number);
}

/* Read anew, so that a digest of jitd's is held against one of the row. */
void shown_on_disk(const struct host *host, uint32_t access, char ret_digest[static SHOWN_SIZE])
{
	sqlite3 *reader = reader_open(host);
	sqlite3_stmt *row = NULL;
	struct access shown = {.id = access};

	memset(ret_digest, '0', SHOWN_DIGITS);
	ret_digest[SHOWN_DIGITS] = '\0';
	assert_int_equal(sqlite3_prepare_v2(reader,
	                                    "SELECT uid, subject, scope, host, reason, ticket, "
	                                    "asked, present = 'typed', uses, approvals, denials, "
	                                    "rule, rule_text, via, issuer, foreign_, ends, "
	                                    "user_key FROM access WHERE id = ?",
	                                    -1, &row, NULL),
	                 SQLITE_OK);
	assert_int_equal(sqlite3_bind_int64(row, 1, access), SQLITE_OK);
	if (sqlite3_step(row) == SQLITE_ROW) {
		shown.uid = (uid_t)sqlite3_column_int64(row, 0);
		shown.subject = column(row, 1);
		shown.scope = column(row, 2);
		shown.host = column(row, 3);
		shown.reason = column(row, 4);
		shown.ticket = column(row, 5);
		shown.asked = sqlite3_column_int64(row, 6);
		shown.typed = sqlite3_column_int(row, 7);
		shown.uses = sqlite3_column_int64(row, 8);
		shown.approvals = (unsigned int)sqlite3_column_int(row, 9);
		shown.denials = (unsigned int)sqlite3_column_int(row, 10);
		shown.rule = column(row, 11);
		shown.rule_text = column(row, 12);
		shown.via = column(row, 13);
		shown.issuer = column(row, 14);
		shown.foreign = (uint32_t)sqlite3_column_int64(row, 15);
		shown.ends = sqlite3_column_int64(row, 16);
		put(shown.user_key, sizeof(shown.user_key), column(row, 17));
		assert_int_equal(shown_digest(&shown, ret_digest), 0);
	}
	sqlite3_finalize(row);
	reader_close(reader);
}

void on_disk_do(const struct host *host, const char *sql)
{
	sqlite3 *writer = NULL;
	char path[128];
	int r;

	snprintf(path, sizeof(path), "%s/state/jitd.db", host->directory);
	assert_int_equal(sqlite3_open(path, &writer), SQLITE_OK);
	/* a turn may leave jitd inside a transaction, which ends before the next wait */
	while ((r = sqlite3_exec(writer, sql, NULL, NULL, NULL)) == SQLITE_BUSY && host->jitd)
		host_turn(host, false);
	assert_int_equal(r, SQLITE_OK);
	reader_close(writer);
}
