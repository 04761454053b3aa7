/* SPDX-License-Identifier: Apache-2.0 */
/* What is on disk of one request, as a fresh eye sees it: its row, the words on it, its events. */
#ifndef JIT_TESTS_DAEMON_RECORD_H
#define JIT_TESTS_DAEMON_RECORD_H

#include "tests/daemon/harness.h"
#include "tests/daemon/model.h"

struct record {
	enum access_state state;
	int64_t seconds, from, until;
	unsigned int yes, no, words;       /* bits, and rows */
	unsigned int yes_of_another;       /* rows with a digest that is not the access's */
	unsigned int tokens, tokens_of_it; /* of_it: for exactly the time of the grant */
	char ended[128];
};

struct reader; /* its statements live from round to round */
struct reader *records_open(const struct host *host, uid_t first_approver);
void records_close(struct reader *reader);

void record_read(struct reader *reader, uint32_t access, const char *digest,
                 struct record *ret_record);

/* Do the events lead, one after the other and each allowed where it stands, to what the record
 * holds? If not, `ret_why` says which does not. */
bool record_log_agrees(struct reader *reader, uint32_t access, const struct story *story,
                       const struct record *record, char *ret_why, size_t size);

/* For a person who looks at a failure. */
void record_print_log(struct reader *reader, uint32_t access);

#endif
