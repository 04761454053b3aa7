/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses as jitd tells them: an access row, then its decision and session rows.
 */
#ifndef JIT_CLI_ACCESSES_H
#define JIT_CLI_ACCESSES_H

#include "cli/connection.h"
#include "wire/message.h"

struct access_record {
	struct wire_access access;
	struct wire_decision *decisions; /* owned */
	size_t decision_count;
	struct wire_session *sessions; /* owned */
	size_t session_count;
};

struct access_list {
	struct access_record *items; /* owned */
	size_t count;
};

/* Takes one row. -ENOMEM; -EBADMSG: a row that belongs to no access here. */
must_check int access_list_take(struct access_list *list, const struct message *row);

/* Sends `message` (list, show or watch 0) and reads rows until `end`. EXIT_DONE, or the code after
 * its line; then the list is empty. `interrupt` as in struct connection; it also means that jitd
 * may take any time. */
must_check enum exit_code access_list_fetch(const struct invocation *in,
                                            const struct message *message, int (*interrupt)(void *),
                                            struct access_list *ret_list);

/* One access of this number. `mine`: only as its subject. */
must_check enum exit_code access_fetch(const struct invocation *in, uint32_t access, bool mine,
                                       struct access_list *ret_list);
/* The same on a connection that more is said on. */
must_check enum exit_code access_fetch_on(struct connection *connection, uint32_t access, bool mine,
                                          struct access_list *ret_list);

void access_list_done(struct access_list *list);

#endif
