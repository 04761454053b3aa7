/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of sessions: which are to end, and why, is written in the message that decides it; then
 * jit-reaper is asked, again and again until their processes are dead. What it cannot end is an
 * event, and `status` names it.
 */
#ifndef JIT_JITD_ENDING_H
#define JIT_JITD_ENDING_H

#include "jitd/call.h"

struct endings;
must_check int endings_new(struct jitd *jitd, struct endings **ret_endings);
struct endings *endings_free(struct endings *endings);

enum { ENDING_OVER = 1 };

/* Within a message: open sessions are to end, of an access, one of them (ENDING_OVER: it is not
 * open any more), of a person. One that is to end already keeps its reason. */
must_check int ending_of_access(struct jitd *jitd, uint32_t access, const char *why);
must_check int ending_of_session(struct jitd *jitd, uint32_t access, uint32_t number,
                                 const char *why);
must_check int ending_of_subject(struct jitd *jitd, uid_t uid, const char *why);

/* Has the access an open session? From the writer inside a transaction, or from the reader. */
must_check int ending_is_due(struct store *store, uint32_t access, bool *ret_due);

/* Looks, soon, for what is to end: of what is on disk, and of revocations that cannot be written.
 */
void endings_look(struct jitd *jitd);
/* The same once this message is on disk; the commit says so. */
void endings_want(struct jitd *jitd);
void endings_committed(struct jitd *jitd);
/* A session opened that must have ended by then, on CLOCK_BOOTTIME. */
void endings_expect(struct jitd *jitd, int64_t boot_until);

/* The i-th that could not be ended, and why; false: there are no more. */
bool endings_failed(const struct endings *endings, size_t index, char *ret_text, size_t size);

int handle_end_session(struct call *call);

#endif
