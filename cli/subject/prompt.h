/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ssh and sudo ask an askpass program: the text of a prompt in, who wants what out. Pure.
 *
 * OpenSSH's client (8.5 and later) leads every prompt of keyboard-interactive with "(USER@HOST) "
 * itself and makes "USER@HOST's password: " whole itself; USER and HOST are its own word, the rest
 * is the server's. So the first prefix alone counts, and what follows must be the prompt of pam-jit
 * and nothing else. A prompt that does not fit to the last byte is PROMPT_OTHER, and gets no code.
 */
#ifndef JIT_CLI_SUBJECT_PROMPT_H
#define JIT_CLI_SUBJECT_PROMPT_H

#include <stdbool.h>

#include "base/identity.h"
#include "wire/message.h"

#define PROMPT_OURS WIRE_PROMPT
#define HOST_SIZE   256

enum prompt_kind {
	PROMPT_OTHER = 0,
	PROMPT_BARE,         /* no prefix: sudo's, as far as the text tells */
	PROMPT_SSH,          /* keyboard-interactive, at USER@HOST */
	PROMPT_SSH_PASSWORD, /* the password method, at USER@HOST */
};

enum prompt_answer {
	ANSWER_SECRET = 0, /* nothing is shown while it is typed */
	ANSWER_SHOWN,
	ANSWER_CONFIRM, /* yes or no */
	ANSWER_NONE,    /* only to be shown */
};

struct prompt {
	enum prompt_kind kind;
	enum prompt_answer answer; /* what a person would answer; of PROMPT_OTHER alone */
	char user[NAME_SIZE], host[HOST_SIZE]; /* of the two with a host; else empty */
};

/* `hint`: the value of SSH_ASKPASS_PROMPT, NULL where it is not set. */
void prompt_read(const char *text, const char *hint, struct prompt *ret_prompt);

/* Is `typed`, as the client of ssh names it, the host that an access names? In either case of
 * letters: the same name, or its first label alone, as whoever sits in its domain types it. A
 * longer name than the access has may be anybody's: web1.example.net is not the web1 of an access.
 * Never so for an address. */
bool host_is(const char *typed, const char *host);

/* Does a list of scopes ("ssh:alice sudo:root") hold one of this service and account? NULL: of any
 * account. */
bool scope_list_has(const char *scopes, const char *service, const char *account);

#endif
