/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A jitd for a test, on directories of its own: in this process, turned by hand, or a child of the
 * built program. Its clients are real: each speaks over its own connection, made by a process that
 * has the wanted uid and login uid and lives as long as the connection, since jitd asks the kernel
 * about it. Waiting is for events, never for time. What goes wrong in here fails the test.
 */
#ifndef JIT_TESTS_DAEMON_HARNESS_H
#define JIT_TESTS_DAEMON_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <cmocka.h>

#include "base/decision.h"
#include "jitd/jitd.h"
#include "jitd/process.h"
#include "jitd/shown.h"
#include "wire/client.h"

/* Users and groups of every Debian. */
enum { GAMES = 5, MAN = 6, LP = 7, MAIL = 8, NEWS = 9, DAEMON = 1 };

struct host {
	char directory[64];  /* holds state/ sockets/ policy/ jitd.conf log */
	struct jitd *jitd;   /* here; NULL: not */
	struct timer *pulse; /* of it: who waits for something looks again */
	pid_t pid;           /* as a child; 0: not */
	int log;             /* what jitd says */
};

/* Makes the directories, with this text as the only rules file. `settings` are lines for jitd.conf
 * besides the directories; without a limit of requests there is none that a test would meet. */
void host_make(struct host *host, const char *rules, const char *settings);
void host_remove(struct host *host); /* stops it first */
void host_rules(const struct host *host, const char *rules);
void host_settings(const struct host *host, const char *settings); /* for the next start */

void host_start_here(struct host *host);
/* It does not, and the line that says why holds `word`. */
void host_start_refused(struct host *host, const char *word);
void host_start_child(struct host *host); /* returns when it answers; root's becomes `daemon` */
void host_kill(struct host *host);        /* as by kill -9; a child only */
void host_stop(struct host *host);

/* One turn of the loop of a jitd that runs here. */
void host_turn(const struct host *host, bool wait);
/* Until each of these has something to read (an answer or a hang-up), at most 20 s. */
void host_wait(const struct host *host, const int *fds, size_t count);
bool readable(int fd); /* now */

/* ---- clients ---- */

struct person {
	uid_t uid;
	uid_t login_uid; /* LOGIN_UID_NONE: unset */
};
#define SELF                                                                                       \
	((struct person){(uid_t)-1, LOGIN_UID_NONE}) /* this very process: no other is made        \
	                                              */

#define ROOT ((struct person){0, LOGIN_UID_NONE})

/* This process becomes that person, for good; false: the kernel does not let it. */
bool person_become(struct person person);

struct link {
	const struct host *host;
	struct client client;
	int hold;  /* the process behind it ends when this is closed */
	pid_t pid; /* 0: ourselves */
};

#define PAM_SOCKET    "pam.sock"
#define CLIENT_SOCKET "jitd.sock"
void link_open(const struct host *host, const char *socket, struct person person,
               struct link *link);
/* One that asks nothing more: what others type is read on the pool then, not at once. */
void link_beside(const struct host *host, struct link *link);
void link_close(struct link *link);
void link_send(struct link *link, const struct message *message);
/* The next message; false when jitd hung up. */
bool link_receive(struct link *link, struct message *ret_message);
/* For processes of a test's own, whom jitd takes for its peers: one connects and hands the
 * connection over, the other takes it; -1: it did not come. */
bool connect_and_hand_over(const char *path, int to);
int take_over(int from);
/* Turns until the pool has something to do. */
void until_on_the_pool(const struct host *host);
/* Sends and receives on a connection of its own; the answer is done, refused or a verdict. An
 * approval without a digest gets that of what is on disk. */
void say(const struct host *host, struct person person, const struct message *message,
         struct message *ret_answer);

/* ---- what they say ---- */

struct message request_of(const char *scope, int64_t seconds, const char *reason);
struct message approve_of(uint32_t access, int64_t seconds);
struct message deny_of(uint32_t access);
struct message cancel_of(uint32_t access);
struct message revoke_of(uint32_t access);
struct message lock_of(const char *user);
struct message unlock_of(const char *user);
/* A check of `games` by sudo; `number` makes its handle. */
struct message check_of(enum wire_phase phase, const char *user, uint64_t number);

/* The usual steps, each of which must be done. */
uint32_t must_request(const struct host *host, struct person person, const char *scope);
void must_do(const struct host *host, struct person person, const struct message *message);
/* ... or refused, with `word` in the line. */
void must_refuse(const struct host *host, struct person person, const struct message *message,
                 const char *word);
enum decision check(const struct host *host, const struct message *message,
                    struct message *ret_answer);

/* ---- what is on disk, as a fresh connection sees it ---- */

struct sqlite3;
struct sqlite3 *reader_open(const struct host *host);
void reader_close(struct sqlite3 *reader);
__attribute__((format(printf, 2, 3))) int64_t reader_number(struct sqlite3 *reader,
                                                            const char *format, ...);
/* With a connection of its own. */
__attribute__((format(printf, 2, 3))) int64_t on_disk(const struct host *host, const char *format,
                                                      ...);

/* The digest of what an access is; zeros where there is none. */
void shown_on_disk(const struct host *host, uint32_t access, char ret_digest[static SHOWN_SIZE]);

/* Changes the database behind jitd's back, while it does not run; where it runs here, between two
 * of its transactions, which may take turns. */
void on_disk_do(const struct host *host, const char *sql);

/* ---- what a test needs ---- */

/* The last lines of jitd's log, before a test fails over what it answered. */
void host_tell(const struct host *host);
/* Skips the test, saying why, unless we are root. */
void need_root(const char *why);
/* Once, before any test: a mount namespace of our own, so that nothing of the host changes. False:
 * not allowed. */
bool own_mounts(void);

#endif
