/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses as people and programs read them: tables, one in full, JSON.
 */
#ifndef JIT_CLI_LISTING_H
#define JIT_CLI_LISTING_H

#include <stdbool.h>

#include "cli/accesses.h"

enum listing {
	LISTING_MINE = 1, /* without the subject */
	LISTING_ALL,
	LISTING_PENDING, /* what an approver needs */
};

/* To stdout; `empty` is what people read when there is nothing. EXIT_DONE, or the code after its
 * line. */
must_check enum exit_code listing_print(const struct invocation *in, const struct access_list *list,
                                        enum listing listing, bool json, const char *empty);

/* Everything about one, to stdout. */
must_check enum exit_code access_print(const struct invocation *in,
                                       const struct access_record *record, bool json);

/* How it stands, in one line: "active until 16:20:05, 15m left", "denied by bob: no". */
#define STANDING_SIZE 1024
void access_standing(const struct wire_access *access, int64_t now,
                     char ret_text[static STANDING_SIZE]);

/* What its subject types next where nothing but a typed token or code opens it: "get a code: jit
 * token 42 --code"; "" where it is not active, or held. */
#define NEXT_SIZE 64
void access_next(const struct wire_access *access, char ret_text[static NEXT_SIZE]);

#endif
