/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens at a door where something is typed: the processes of one ssh connection, and a check
 * with its prompt and answer. Programs that use it are linked as tests/daemon/people.h says.
 */
#ifndef JIT_TESTS_DAEMON_LOGINS_H
#define JIT_TESTS_DAEMON_LOGINS_H

#include "tests/daemon/people.h"

/*
 * games and mail may have at once, for 1h and typed: su:lp, sudo:mail, ssh:news, ssh:lp and
 * login:news; games also ssh:games (held), sudo:news with one use (typed) and, if man says so,
 * su:root (typed). A token or code is good for 5 minutes.
 */
extern const char logins_rules[];
int logins_begin(void **state); /* after people_come() */
int logins_end(void **state);
struct host *need_logins(void **state);

/* sshd's processes for one connection: its monitor, which leads a session, the child of it that
 * converses, and a command of whoever logged in, in a session of its own. They end with sshd_end().
 */
struct sshd {
	pid_t pid; /* the monitor's */
	int monitor, child, command;
};
void sshd_begin(struct sshd *sshd);                           /* the command is games' */
void sshd_begin_for(struct sshd *sshd, struct person person); /* ... this person's */
void sshd_end(struct sshd *sshd);
/* What the command says to jitd, and its answer. */
void command_say(const struct host *host, const struct sshd *sshd, const struct message *message,
                 struct message *ret_answer);
void sshd_open(const struct host *host, int process, struct link *link);

/* The check of a login of `user` over ssh from 192.0.2.1, as sshd makes it; and of sudo or su by
 * games, as check_of() does, with somebody to answer a prompt. */
struct message ssh_check(enum wire_phase phase, const char *user);
struct message typed_check(const char *service, enum wire_phase phase, const char *user,
                           uint64_t number);

#define SECRET_SIZE 4097
/* `jit token ACCESS`, with --code or without. */
void issue(const struct host *host, struct person person, uint32_t access, bool code,
           char secret[static SECRET_SIZE]);
uint32_t must_issue(const struct host *host, struct person person, const char *scope, bool code,
                    char secret[static SECRET_SIZE]); /* of a new access */

struct talk {
	bool asked;
	char said[513], text[513]; /* before the prompt; with the verdict */
	uint32_t access;
};
/* What comes of a check where that is typed at the prompt; NULL: nobody answers. */
enum decision talk_over(struct link *link, const struct message *check, const char *typed,
                        struct talk *ret_talk);
/* One hook of a connection, in its monitor or in the child that converses. */
enum decision hook(const struct host *host, int process, const struct message *check,
                   const char *typed, struct talk *ret_talk);

/* Until it asks; false: a verdict came instead. */
bool until_asked(struct link *link, const struct message *check, struct message *ret_message);
void give(struct link *link, const char *typed);

/* On a connection of this process. */
enum decision type_in(const struct host *host, const struct message *check, const char *typed,
                      struct talk *ret_talk);
/* Refused, with one event of that reason. */
void must_not_open(const struct host *host, const struct message *check, const char *typed,
                   const char *reason);
/* How many events of a check there are with that verdict and reason. */
int64_t checks(const struct host *host, const char *verdict, const char *reason);

#endif
