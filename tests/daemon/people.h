/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host with people on it: users and groups of its own, rules for them, and a clock of jitd that
 * can be set ahead. Programs that use it are linked with --wrap=clock_wall.
 */
#ifndef JIT_TESTS_DAEMON_PEOPLE_H
#define JIT_TESTS_DAEMON_PEOPLE_H

#include "tests/daemon/harness.h"

#define UNSET   LOGIN_UID_NONE
#define AS(who) ((struct person){who, who})

/* games2 and man2 are second names of games and man. */
#define PEOPLE_GROUPS                                                                              \
	"root:x:0:\ndaemon:x:1:\ngames:x:60:\nman:x:12:\nlp:x:7:\nmail:x:8:\nnews:x:9:\n"
extern const char people_groups[]; /* with friends (games, lp) and deciders (man, lp, mail) */

/*
 * friends ask for sudo:root (one of deciders decides, at most 1h) and su:root (two of them); games
 * and mail become man by sudo:man and su:man at once; games asks games2 or mail for su:news, mail
 * for sudo:news within 1s, and gets sudo:daemon at once, for 1s.
 */
#define PEOPLE_RULE_ROOT                                                                           \
	"rule \"root\" { who = {\"%friends\"} scope = {\"sudo:root\"}\n"                           \
	"approvers = {\"%deciders\"} max = \"1h\" }\n"
#define PEOPLE_RULES                                                                               \
	"rule \"two\" { who = {\"%friends\"} scope = {\"su:root\"} approvals = 2\n"                \
	"approvers = {\"%deciders\"} max = \"1h\" }\n"                                             \
	"rule \"become\" { who = {\"games\", \"mail\"} scope = {\"sudo:man\", \"su:man\"}\n"       \
	"approvals = 0 max = \"1h\" }\n"                                                           \
	"rule \"twin\" { who = {\"games\"} scope = {\"su:news\"}\n"                                \
	"approvers = {\"games2\", \"mail\"} max = \"1h\" }\n"                                      \
	"rule \"soon\" { who = {\"games\"} scope = {\"sudo:news\"} approvers = {\"mail\"}\n"       \
	"pending = \"1s\" max = \"1h\" }\n"                                                        \
	"rule \"brief\" { who = {\"games\"} scope = {\"sudo:daemon\"} approvals = 0\n"             \
	"max = \"4s\" default = \"4s\" }\n"

void people_come(void);         /* once, before any test */
int people_begin(void **state); /* a host that runs here */
int people_begin_with(void **state, const char *rules, const char *settings); /* other rules */
int people_end(void **state);
struct host *need_people(void **state); /* or the test is skipped */
int64_t *people_ahead(void);            /* seconds that jitd's clock is ahead */

/* ---- what is seen ---- */

void expect_state(const struct host *host, uint32_t access, const char *word);
/* Refused, with a line that holds `word` and an event with that reason. */
void expect_refusal(const struct host *host, struct person person, const struct message *message,
                    const char *word, const char *reason);
void must_approve(const struct host *host, struct person person, uint32_t access);
/* What games gets at sudo's account phase. */
void expect_sudo(const struct host *host, enum decision decision, const char *word);

#endif
