/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ctrl-C without a handler or a global: SIGINT is blocked while something is to be said about it,
 * and looked for where the tool waits.
 */
#ifndef JIT_CLI_INTERRUPT_H
#define JIT_CLI_INTERRUPT_H

/* From here on SIGINT stays pending; the process ends by itself, soon. */
void interrupt_hold(void);

/* Has Ctrl-C been pressed? For client_receive(); `context` is not used. */
int interrupt_pressed(void *context);

#endif
