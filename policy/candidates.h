/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules could match at all, so that a decision among thousands looks at few. A rule that
 * matches holds at least one of the asked scopes, written out or by a pattern: all such rules come,
 * each once, in evaluation order. Inside the room.
 */
#ifndef JIT_POLICY_CANDIDATES_H
#define JIT_POLICY_CANDIDATES_H

#include "policy/policy.h"
#include "policy/roster.h"
#include "policy/scope.h"

struct candidates {
	struct roster written;  /* scopes written out, sorted */
	struct roster patterns; /* patterns, in evaluation order */
};

/* -ENOMEM. The rules stay the caller's, and where they are. */
must_check int candidates_make(const struct rule *rules, size_t count,
                               struct candidates *ret_candidates);
void candidates_done(struct candidates *candidates);

struct candidate_walk {
	struct {
		const struct roster_row *at, *end;
	} lists[SCOPES_MAX + 1];
	size_t count;
};

/* `scopes`: those asked for, one by one. */
void candidate_walk_begin(struct candidate_walk *walk, const struct candidates *candidates,
                          const char (*scopes)[SCOPE_SIZE], size_t count);
const struct rule *candidate_walk_next(struct candidate_walk *walk); /* NULL: no more */

#endif
