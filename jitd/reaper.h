/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit-reaper, asked over the loop: a connection of its own for each question, never waited for. A
 * jitd without a reaper works, and ends no session.
 */
#ifndef JIT_JITD_REAPER_H
#define JIT_JITD_REAPER_H

#include <stddef.h>
#include <stdint.h>

#include "base/process.h"
#include "jitd/loop.h"
#include "wire/message.h"

#define REAPER_TEXT 512

struct reaper;

/* Of the socket reaper.sock in `socket_dir`; it may come and go. */
must_check int reaper_new(struct loop *loop, const char *socket_dir, struct reaper **ret_reaper);
struct reaper *reaper_free(struct reaper *reaper); /* what still waits hears RESULT_NONE */

/* Is a socket there? Whether somebody answers shows when asked. */
bool reaper_is_there(const struct reaper *reaper);
/* Is this a host that has one? Not where no socket was ever seen since jitd began; one that is gone
 * again, or cannot be looked for, is missed. */
bool reaper_is_due(struct reaper *reaper);
/* For people: "absent", "there", or what went wrong with the last question. */
void reaper_describe(const struct reaper *reaper, char ret_text[static REAPER_TEXT]);

/* `done` is called once, on the loop, perhaps before this returns. RESULT_NONE: there was no answer
 * within `patience_ms`, and the text says why. */
typedef void reaper_done(void *context, enum wire_result result, const char *text);
void reaper_ask(struct reaper *reaper, const struct message *question, uint64_t patience_ms,
                reaper_done *done, void *context);

/* Puts the opener of a session into a scope that ends it after so many seconds: as reaper_ask(),
 * with a patience that leaves the module time to hear of it. */
void reaper_scope(struct reaper *reaper, const char *session, const struct process_id *opener,
                  int64_t seconds, reaper_done *done, void *context);

#endif
