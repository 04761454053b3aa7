/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/logins.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <signal.h>

#include "base/text.h"

const char logins_rules[] =
        "defaults { approvals = 0 max = \"1h\" default = \"1h\" present = \"typed\" }\n"
        "rule \"typed\" { who = {\"games\", \"mail\"}\n"
        "scope = {\"su:lp\", \"sudo:mail\", \"ssh:news\", \"ssh:lp\", \"login:news\"} }\n"
        "rule \"held\" { who = {\"games\"} scope = {\"ssh:games\"} present = \"held\" }\n"
        "rule \"once\" { who = {\"games\"} scope = {\"sudo:news\"} uses = 1 }\n"
        "rule \"ask\" { who = {\"games\"} scope = {\"su:root\"} approvals = 1\n"
        "approvers = {\"man\"} }\n";

int logins_begin(void **state)
{
	const struct message reload = {.id = MESSAGE_reload};
	int r = people_begin(state);

	if (r < 0 || !*state)
		return r;
	host_rules(*state, logins_rules);
	must_do(*state, ROOT, &reload);
	return 0;
}

int logins_end(void **state)
{
	return people_end(state);
}

struct host *need_logins(void **state)
{
	return need_people(state);
}

/* ---- sshd's processes ---- */

/* Connects for whoever writes a path, until they are gone. Holds no descriptor of ours. */
static void connect_for(int fd)
{
	char path[128] = "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd != 3)
		dup2(fd, 3);
	close_range(4, ~0U, 0);
	while (read(3, path, sizeof(path)) == (ssize_t)sizeof(path))
		if (!connect_and_hand_over(path, 3))
			_exit(1);
	_exit(0);
}

/* Below a process of sshd that only waits for it. */
static void be_command(int fd, struct person person)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setsid() < 0 || !person_become(person))
			_exit(1);
		connect_for(fd);
	}
	close_range(3, ~0U, 0);
	waitpid(pid, NULL, 0);
	_exit(0);
}

static void be_sshd(const int ends[static 3], struct person person)
{
	if (setsid() < 0)
		_exit(1);
	if (fork() == 0)
		connect_for(ends[1]);
	if (fork() == 0)
		be_command(ends[2], person);
	connect_for(ends[0]);
}

void sshd_begin_for(struct sshd *sshd, struct person person)
{
	int pairs[3][2], theirs[3];

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
		theirs[i] = pairs[i][1];
	}
	sshd->pid = fork();
	if (sshd->pid == 0) {
		for (size_t i = 0; i < 3; i++)
			close(pairs[i][0]);
		be_sshd(theirs, person);
	}
	assert_true(sshd->pid > 0);
	for (size_t i = 0; i < 3; i++)
		close(theirs[i]);
	sshd->monitor = pairs[0][0];
	sshd->child = pairs[1][0];
	sshd->command = pairs[2][0];
}

void sshd_begin(struct sshd *sshd)
{
	sshd_begin_for(sshd, AS(GAMES));
}

void sshd_end(struct sshd *sshd)
{
	close(sshd->command);
	close(sshd->child);
	close(sshd->monitor);
	assert_int_equal(waitpid(sshd->pid, NULL, 0), sshd->pid);
}

static void open_at(const struct host *host, int process, const char *socket, struct link *link)
{
	char path[128] = "";

	*link = (struct link){.host = host, .client = CLIENT_CLOSED, .hold = -1};
	snprintf(path, sizeof(path), "%s/sockets/%s", host->directory, socket);
	assert_int_equal(write(process, path, sizeof(path)), sizeof(path));
	link->client.fd = take_over(process);
	assert_true(link->client.fd >= 0);
}

void sshd_open(const struct host *host, int process, struct link *link)
{
	open_at(host, process, PAM_SOCKET, link);
}

void command_say(const struct host *host, const struct sshd *sshd, const struct message *message,
                 struct message *ret_answer)
{
	struct link link;

	open_at(host, sshd->command, CLIENT_SOCKET, &link);
	link_send(&link, message);
	assert_true(link_receive(&link, ret_answer));
	link_close(&link);
}

/* ---- checks ---- */

static void put(char *text, size_t size, const char *value)
{
	assert_int_equal(text_copy(text, size, value), 0);
}

struct message typed_check(const char *service, enum wire_phase phase, const char *user,
                           uint64_t number)
{
	struct message message = check_of(phase, user, number);

	message.check.converse = phase == PHASE_AUTH || phase == PHASE_ACCOUNT;
	put(message.check.service, sizeof(message.check.service), service);
	return message;
}

struct message ssh_check(enum wire_phase phase, const char *user)
{
	static uint64_t handles = 1000; /* sshd's hooks share none */
	struct message message = typed_check("sshd", phase, user, handles++);

	message.check.uid = 0;
	message.check.ruser[0] = '\0';
	put(message.check.rhost, sizeof(message.check.rhost), "192.0.2.1");
	put(message.check.tty, sizeof(message.check.tty), "ssh");
	return message;
}

/* ---- what is handed out ---- */

void issue(const struct host *host, struct person person, uint32_t access, bool code,
           char secret[static SECRET_SIZE])
{
	const struct message message = {.id = MESSAGE_token,
	                                .token = {.access = access, .code = code}};
	struct message answer;

	say(host, person, &message, &answer);
	if (answer.id != MESSAGE_minted)
		fail_msg("no token: %s", answer.refused.text);
	assert_int_equal(answer.minted.code, code);
	put(secret, SECRET_SIZE, answer.minted.secret);
}

uint32_t must_issue(const struct host *host, struct person person, const char *scope, bool code,
                    char secret[static SECRET_SIZE])
{
	uint32_t access = must_request(host, person, scope);

	issue(host, person, access, code, secret);
	return access;
}

/* ---- the conversation ---- */

static bool receive(struct link *link, struct message *message, struct talk *talk)
{
	assert_true(link_receive(link, message));
	if (message->id == MESSAGE_say) {
		snprintf(talk->said, sizeof(talk->said), "%s", message->say.text);
		assert_true(link_receive(link, message));
	}
	return message->id == MESSAGE_ask;
}

bool until_asked(struct link *link, const struct message *check, struct message *ret_message)
{
	struct talk ignored;

	link_send(link, check);
	return receive(link, ret_message, &ignored);
}

void give(struct link *link, const char *typed)
{
	struct message answer = {.id = MESSAGE_answer, .answer = {.given = typed ? 1 : 0}};

	if (typed)
		put(answer.answer.text, sizeof(answer.answer.text), typed);
	link_send(link, &answer);
}

enum decision talk_over(struct link *link, const struct message *check, const char *typed,
                        struct talk *ret_talk)
{
	struct message message;

	*ret_talk = (struct talk){.asked = false};
	link_send(link, check);
	ret_talk->asked = receive(link, &message, ret_talk);
	if (ret_talk->asked) {
		assert_int_equal(message.ask.echo, 0);
		assert_string_equal(message.ask.text, "JIT token or code: ");
		give(link, typed);
		assert_true(link_receive(link, &message));
	}
	assert_int_equal(message.id, MESSAGE_verdict);
	ret_talk->access = message.verdict.access;
	snprintf(ret_talk->text, sizeof(ret_talk->text), "%s", message.verdict.text);
	return (enum decision)message.verdict.decision;
}

enum decision hook(const struct host *host, int process, const struct message *check,
                   const char *typed, struct talk *ret_talk)
{
	struct link link;
	enum decision decision;

	sshd_open(host, process, &link);
	decision = talk_over(&link, check, typed, ret_talk);
	link_close(&link);
	return decision;
}

enum decision type_in(const struct host *host, const struct message *check, const char *typed,
                      struct talk *ret_talk)
{
	struct link link;
	enum decision decision;

	link_open(host, PAM_SOCKET, SELF, &link);
	decision = talk_over(&link, check, typed, ret_talk);
	link_close(&link);
	return decision;
}

int64_t checks(const struct host *host, const char *verdict, const char *reason)
{
	if (host->jitd)
		host_turn(host, false); /* a refusal does not wait for its event */
	return on_disk(host,
	               "SELECT coalesce(sum(count), 0) FROM event WHERE event = 'check' AND "
	               "verdict = '%s' AND reason = '%s'",
	               verdict, reason);
}

void must_not_open(const struct host *host, const struct message *check, const char *typed,
                   const char *reason)
{
	int64_t before = checks(host, "deny", reason);
	struct talk talk;

	if (type_in(host, check, typed, &talk) == DECISION_ALLOW) {
		host_tell(host);
		fail_msg("it opens, and was to be refused: %s", reason);
	}
	if (checks(host, "deny", reason) != before + 1) {
		host_tell(host);
		fail_msg("no event of the refusal \"%s\"", reason);
	}
}
