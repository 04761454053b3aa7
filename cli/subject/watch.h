/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for the decision on an access of one's own.
 */
#ifndef JIT_CLI_SUBJECT_WATCH_H
#define JIT_CLI_SUBJECT_WATCH_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/accesses.h"

/*
 * Returns when the access is no longer pending: EXIT_DONE and how it stood then. Otherwise the code
 * after its line; after Ctrl-C (the caller has called interrupt_hold()) that line says how to go
 * on. `progress`: what happens meanwhile is told there, with the time passed in place on the last
 * line; NULL: nothing is told.
 */
must_check enum exit_code watch_until_decided(const struct invocation *in, uint32_t access,
                                              FILE *progress, struct wire_access *ret_access);

/* After the decision: says how it stands and what to type next (to stdout, without access to
 * stderr), or prints the JSON of it. EXIT_DONE where it is active. */
must_check enum exit_code watch_outcome(const struct invocation *in,
                                        const struct wire_access *access, bool json);

#endif
