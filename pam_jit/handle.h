/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module remembers of one PAM handle, from its first hook to pam_end(): it lives in PAM
 * data and is PAM's to free.
 */
#ifndef JIT_PAM_JIT_HANDLE_H
#define JIT_PAM_JIT_HANDLE_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "pam_jit/outcome.h"
#include "wire/message.h"

struct handle {
	struct wire_id id; /* random */
	uid_t uid;         /* the real uid at the first hook; sudoedit has another one later */
	bool root;         /* root's own sudo or su: so from its `auth` or `account` on, or never */
	int64_t answering; /* ms spent so far on jitd's answers */
	int64_t waiting;   /* ms spent so far on approvers, while jitd gave signs of life */
};

/* The handle's memory; made by its first hook. -errno with the reason. */
must_check int handle_get(pam_handle_t *pamh, enum service service, enum wire_phase phase,
                          struct handle **ret_handle, struct fault *fault);

#endif
