/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose signing keys are changed, and what is seen of them. Programs that use it are linked
 * as tests/daemon/people.h says.
 */
#ifndef JIT_TESTS_DAEMON_LOCKSMITH_H
#define JIT_TESTS_DAEMON_LOCKSMITH_H

#include "tests/daemon/logins.h"
#include "token/key.h"
#include "wire/message.h"

/* games gets at once: sudo:root (held, 1h), login:news (typed, 1h); su:news (held, 1h) if man says
 * so. mail: su:root (held, 10m), at once. man administers, lp is an auditor. */
extern const char locksmith_rules[];
#define LOCKSMITH_SETTINGS "max-grant = \"2h\"\nadmins = {\"man\"}\nauditors = {\"lp\"}\n"
int locksmith_begin(void **state); /* after people_come() */
int locksmith_end(void **state);
struct host *need_locksmith(void **state);

struct message rotate_now(void);
struct message retire_of(const char *kid);

/* Said by root, and done. */
void rotate_keys(const struct host *host);
void retire_key(const struct host *host, const char *kid);

/* What `jitd-admin keys list` gets; how many there are. */
#define LISTED_MAX 256
size_t keys_listed(const struct host *host, struct wire_key ret_rows[static LISTED_MAX]);
/* The one key in that state. */
struct wire_key key_in(const struct host *host, const char *state);
void expect_key(const struct host *host, const char *kid, const char *state);
int64_t keys_in(const struct host *host, const char *state); /* how many */

/* STATE-DIR/keys/NAME, and whether it is there. */
struct key_path {
	char text[160];
};
struct key_path key_path(const struct host *host, const char *kid, const char *suffix);
bool key_file_is_there(const struct host *host, const char *kid, const char *suffix);
size_t key_files(const struct host *host); /* how many of any name */

/* The check of a sudo of games' to root, and of a su of mail's. */
enum decision sudo_check(const struct host *host, struct message *ret_answer);
enum decision su_check(const struct host *host, struct message *ret_answer);
void sudo_opens(const struct host *host);
void sudo_is_refused(const struct host *host, const char *word);
/* At the login of news: refused, with an event of that reason. */
void typed_is_refused(const struct host *host, const char *secret, const char *reason);

/* How many events of keys are like that; and tokens of that access by that key. */
int64_t key_events(const struct host *host, const char *like);
int64_t tokens_by(const struct host *host, uint32_t access, const char *kid);

#endif
