/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that ask for an access, and what becomes of it then.
 */
#ifndef JIT_CLI_SUBJECT_ASKING_H
#define JIT_CLI_SUBJECT_ASKING_H

#include <stdbool.h>

#include "cli/command.h"
#include "wire/message.h"

/* Sends the message, which done answers, and tells of the access: on a terminal once it is decided,
 * unless `no_wait`. `for_elsewhere`: it may be for another host; then, as soon as it is active, its
 * token goes alone to stdout, and what else there is to say to stderr. Ctrl-C is held from here
 * on. */
enum exit_code ask_for(const struct invocation *in, const struct message *message, bool no_wait,
                       bool json, bool for_elsewhere);

#endif
