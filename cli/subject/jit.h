/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of jit, for the person who needs access; one file each.
 */
#ifndef JIT_CLI_SUBJECT_JIT_H
#define JIT_CLI_SUBJECT_JIT_H

#include "cli/command.h"

extern const struct command jit_request, jit_token, jit_list, jit_show, jit_wait, jit_cancel,
        jit_present, jit_askpass;
extern const struct tool jit_tool;

#endif
