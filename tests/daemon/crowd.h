/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many PAM clients that ask at once, round after round, and what they were told: each allow is
 * remembered and must be found on disk, whatever happens to jitd later.
 */
#ifndef JIT_TESTS_DAEMON_CROWD_H
#define JIT_TESTS_DAEMON_CROWD_H

#include "tests/daemon/harness.h"

#define CROWD_MAX 64

struct allowed {
	unsigned int round, client;
	enum wire_phase phase;
};

struct crowd {
	const struct host *host;
	size_t size;
	struct link links[CROWD_MAX];
	unsigned int round;
	size_t allows, denials;  /* of the last round */
	char why[513];           /* what the last one to be denied was told */
	int64_t events_before;   /* an event before which there is none of that round */
	struct allowed *allowed; /* of all rounds */
	size_t count;
};

void crowd_gather(struct crowd *crowd, const struct host *host, size_t size);
void crowd_scatter(struct crowd *crowd);

/* All ask before jitd reads the first: account checks and, every second one, an open_session for
 * root under an active access of games; then all have their answers. */
void crowd_ask(struct crowd *crowd);

/* Every allow of the last round, or of all rounds, has its event, and an opened session its row and
 * its subject. */
void crowd_verify_round(struct crowd *crowd);
void crowd_verify(const struct crowd *crowd);

#endif
