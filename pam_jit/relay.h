/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The talk between jitd and the person, relayed: jitd drives it, the application's conversation
 * function shows and asks. Nothing that passes here can turn into an allow but jitd's verdict.
 */
#ifndef JIT_PAM_JIT_RELAY_H
#define JIT_PAM_JIT_RELAY_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pam_jit/handle.h"
#include "wire/message.h"

struct relay {
	pam_handle_t *pamh;
	struct handle *handle;
	int64_t timeout_ms; /* for all of jitd's answers on this handle, conversation apart */
	bool converse;      /* a prompt can be answered */
	bool patient;       /* pending signals do not end it: the end of a session must arrive */
	bool asked;         /* out: a prompt was answered */
	unsigned int calls; /* out: conversation calls so far, at most 6 */
};

/* Sends `message`, a check, and relays until the verdict, which replaces it. -EINTR: the person or
 * a hang-up ended the wait; any other -errno: no answer, with the reason. */
must_check int relay_run(struct relay *relay, const char *socket, struct message *message,
                         struct fault *fault);

/* Shows one line, cleaned of control characters; nothing when it is empty, or past the 6 calls. */
void relay_show(struct relay *relay, int style, const char *text);

#endif
