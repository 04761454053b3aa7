/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NSS without waiting: look-ups run on threads of their own in two lanes, so that neither a slow
 * LDAP nor many clients stop signatures, the loop, or root's PAM checks (design of the daemon: two
 * lanes, 2 s deadline, counted from names_lookup()). Answers are cached 1 s at most, counted from
 * the question, and dropped when /etc/passwd, /etc/group or /etc/nsswitch.conf change; so are the
 * last answers that may stand in for failed ones: whoever edits those files wants it to count now.
 * A thread past its deadline is given up and replaced, at most NAMES_LOST_MAX times a lane at once;
 * then look-ups of that lane fail at once until a lost thread comes back.
 *
 * A cache of NSS's own (nscd, sssd) is not seen from here, and adds its time.
 */
#ifndef JIT_JITD_NAMES_H
#define JIT_JITD_NAMES_H

#include "base/identity.h"
#include "jitd/loop.h"

#define NAMES_DEADLINE_MS 2000
#define NAMES_CACHE_MS    1000
#define NAMES_LOST_MAX    8
#define NAMES_STALE_MS    (15 * 60 * 1000) /* how long a last answer may stand in for a failed one */

enum names_lane { LANE_PAM = 0, LANE_CLIENT, LANES };

enum names_result {
	NAMES_FAILED = 0, /* NSS failed or did not answer in time: undecided, so deny */
	NAMES_FOUND,
	NAMES_UNKNOWN, /* NSS answered: no such user */
	NAMES_STALE,   /* NSS failed or did not answer; this is its last answer, at most 15 min old:
	                  good   for running grants only */
};

struct names;

/* Who is looked for: by name when that is not empty, else by uid. */
struct names_key {
	char name[NAME_SIZE];
	uid_t uid;
};

/* `identity` is valid during the call only (identity_copy() keeps it); NULL for FAILED and UNKNOWN.
 */
typedef void names_answer(void *context, enum names_result result, const struct identity *identity);

must_check int names_new(struct loop *loop, struct names **ret_names);
/* Answers what is open, and whatever is asked from now on, with NAMES_FAILED. Takes NULL. */
void names_close(struct names *names);
struct names *names_free(struct names *names); /* closes; takes NULL, returns NULL */

/* Always answers exactly once, on the loop's thread: before names_lookup() returns when the cache
 * knows, the lane is full (256 waiting: NAMES_FAILED, for a crowd must not bring back an old
 * answer), or too many of its threads are lost; else later. An answer may look up more, but not
 * call names_free(). */
void names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                  names_answer *answer, void *context);

/* Of the files that names come from, as they are now: another number after each change. Whoever
 * asks for a name after this gets no answer from before the change. */
uint64_t names_generation(struct names *names);

unsigned int names_lost(const struct names *names,
                        enum names_lane lane); /* threads given up, now */

#endif
