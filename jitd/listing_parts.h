/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listing on its way, for the files that it is made of: listing.c asks and goes on,
 * listing_access.c tells of accesses.
 */
#ifndef JIT_JITD_LISTING_PARTS_H
#define JIT_JITD_LISTING_PARTS_H

#include "jitd/access.h"
#include "jitd/listing.h"

/* What is listed, for whom, and how far it has come. */
struct listing {
	struct identity *person;
	unsigned int roles;
	enum message_id what;
	enum wire_view view;
	uint32_t access; /* of an audit listing; 0: all */
	int64_t since, after, after_number;
	uint32_t owed; /* was told, but for its sessions after after_number; 0: none */
	int64_t until; /* the last event when it was asked for: more may come faster than they are
	                  told */
	int64_t turn;  /* when this one began, ticks */
};

/* May one more follow these rows now? At least one comes in each turn, or it were the end. */
bool listing_goes_on(const struct peer *peer, const struct listing *listing, int rows);

/* The next few accesses of a view, with what belongs to each: >0 more may follow, 0 that was all,
 * -errno. */
must_check int listing_accesses(struct peer *peer, struct listing *listing);

/* The next few sessions of the access that is owed: the same. */
must_check int listing_owed(struct peer *peer, struct listing *listing);

/* It and the words that were said of it, at once. */
must_check int listing_send_access(struct peer *peer, const struct access *access);

/* Is there a request that waits for a word of whoever this listing is for? */
bool listing_something_waits(const struct peer *peer);

#endif
