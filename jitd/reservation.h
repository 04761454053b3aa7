/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "This process may open one session of this access within 60 s": what ties auth, account and
 * open_session together. Kept in memory, keyed by the process (pid and start time), its PAM handle,
 * service and uid: a restart of jitd forgets them, and open_session then finds its way by the whole
 * check alone.
 */
#ifndef JIT_JITD_RESERVATION_H
#define JIT_JITD_RESERVATION_H

#include "jitd/jitd.h"
#include "wire/message.h"

#define RESERVATION_SECONDS 60
#define RESERVATIONS_MAX    4096 /* the oldest makes room */

struct reservations;
must_check int reservations_new(struct reservations **ret_reservations);
struct reservations *reservations_free(struct reservations *reservations);

struct reservation_key {
	pid_t pid;
	uint64_t start_time;
	uid_t uid;
	struct wire_id handle;
	char service[NAME_SIZE];
};

/* Replaces an earlier one of the same key. */
void reservation_make(struct reservations *reservations, const struct reservation_key *key,
                      uint32_t access, int64_t now);
/* Takes it: the access, or 0 where there is none or it is too old. */
uint32_t reservation_take(struct reservations *reservations, const struct reservation_key *key,
                          int64_t now);

#endif
