/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crew of people on connections that stay, whose messages are in flight at once, in front of a
 * daemon that is turned by hand; and a gate that holds signatures back. Programs that use it are
 * linked with --wrap=loop_work.
 */
#ifndef JIT_TESTS_DAEMON_CREW_H
#define JIT_TESTS_DAEMON_CREW_H

#include "tests/daemon/harness.h"

#define CREW_MAX 16

struct member {
	const struct person *person;
	struct link link;
	struct watch *watch; /* so that jitd's loop wakes up for what it has answered */
	bool busy;           /* an answer is still to come */
	void *context;       /* of what was sent */
};

typedef void crew_answer(void *context, const struct message *answer);

struct crew {
	const struct host *host;
	struct member members[CREW_MAX];
	size_t size, busy;
	crew_answer *answered;
};

void crew_gather(struct crew *crew, const struct host *host, const struct person *persons,
                 size_t size, crew_answer *answered);
void crew_scatter(struct crew *crew);

/* The member must not be busy. */
void crew_send(struct crew *crew, size_t member, const struct message *message, void *context);
/* One turn of the daemon, and whatever answers there are then. */
void crew_turn(struct crew *crew, bool wait);
/* Until there is nothing in flight: an answer that does not come fails the test. */
void crew_finish(struct crew *crew);
/* Until the daemon has nothing to do by itself either, but wait for time. */
void crew_rest(const struct crew *crew);

/* Signatures that begin while it is shut are made after it is opened. */
void gate_shut(void);
void gate_open(void);
bool gate_holds(void); /* one is held back now */

#endif
