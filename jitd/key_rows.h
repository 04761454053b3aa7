/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table `key`: what is known of each signing key, beside its file (jitd/key_folder.h). A key
 * that has no row signs and verifies nothing.
 */
#ifndef JIT_JITD_KEY_ROWS_H
#define JIT_JITD_KEY_ROWS_H

#include "jitd/jitd.h"
#include "jitd/key_plan.h"
#include "wire/message.h"

/* Those that are not gone; of the current one with `last`. From the writer inside a transaction, or
 * from the reader. -E2BIG: more than KEYS_MAX. */
must_check int key_rows_read(struct store *store, struct key_list *ret_list);

enum { KEY_UNKNOWN = 1 };
/* 0, KEY_UNKNOWN: there never was such a key; -errno. */
must_check int key_row_state(struct store *store, const char *kid, enum key_state *ret_state);

/* Within a message: what the plan changed. */
must_check int key_rows_write(struct store *store, const struct key_list *list);

/* Within a message: does what this key signed verify until that time? */
must_check int key_row_stands(struct store *store, const char *kid, int64_t exp, bool *ret_stands);

/* The row that a query of STATEMENT_KEY_LIST stands on, without the key itself. */
void key_row_describe(const struct query *query, struct wire_key *ret_row);

#endif
