/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a person at the controlling terminal, whatever stdin and stdout are.
 */
#ifndef JIT_CLI_SUBJECT_TERMINAL_H
#define JIT_CLI_SUBJECT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define TERMINAL_ANSWER 4096 /* bytes that a terminal gives of one line, its end included */

enum {
	TERMINAL_END = 1, /* end of input (Ctrl-D) in place of an answer */
};

/*
 * Shows `prompt` without its control characters, line ends apart, and reads one line, without its
 * end; the caller wipes it. `echo`: it is seen while it is typed. 0, TERMINAL_END, or -errno
 * (-ENXIO: there is no terminal). The terminal is as before when it returns; a signal that ends the
 * process (Ctrl-C) does so only after that, and Ctrl-Z waits for the answer.
 */
must_check int terminal_ask(const char *prompt, bool echo, char ret_answer[static TERMINAL_ANSWER]);

/* Shows a line, cleaned in the same way. 0 or -errno. */
must_check int terminal_tell(const char *line);

#endif
