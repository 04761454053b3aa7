/* SPDX-License-Identifier: Apache-2.0 */
/* Logins with an ssh key, as sshd tells of them, and accesses that are bound to one. */
#ifndef JIT_TESTS_DAEMON_SSH_KEYS_H
#define JIT_TESTS_DAEMON_SSH_KEYS_H

#include "tests/daemon/logins.h"

/* A key as authorized_keys has it, and its name as ssh-keygen -l has it. */
struct ssh_key {
	const char *line, *fingerprint;
};
extern const struct ssh_key key_a, key_b, key_c;
extern const char key_a_certificate[];

/*
 * games and mail get at once, for 1h and bound to their key: their own account over ssh, ssh:news
 * (held) and ssh:lp (typed). games gets ssh:man at once, and mail where daemon says yes. news gets
 * ssh:news, not bound. All may get sudo:lp, not bound.
 */
extern const char ssh_keys_rules[];
int ssh_keys_begin(void **state); /* after people_come() */
struct host *need_ssh_keys(void **state);

struct message request_with(const char *scope, const char *fingerprint);
uint32_t must_bind(const struct host *host, struct person person, const char *scope,
                   const struct ssh_key *key);

/* SSH_AUTH_INFO_0 after these keys (NULL: fewer), as sshd writes it. */
struct message keyed_check(enum wire_phase phase, const char *user, const char *first,
                           const char *second);

/* A whole login by key alone (the line NULL: sshd names none): NULL where it opens, else the reason
 * in the event of open_session, or "account" where that refused. */
const char *by_key(const struct host *host, const char *user, const char *line);
/* ... by key and prompt, where the text is typed if it asks. */
const char *by_key_and_prompt(const struct host *host, const char *user, const char *line,
                              const char *typed, struct talk *ret_talk);

/* The text of the last event of a check. */
void last_remark(const struct host *host, char *ret_text, size_t size);
/* Whose the last session is: "SUBJECT ACCOUNT KEY". */
void last_session(const struct host *host, char *ret_text, size_t size);

#endif
