/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

void interrupt_hold(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int interrupt_pressed(void *context)
{
	sigset_t set;

	(void)context;
	return sigpending(&set) == 0 && sigismember(&set, SIGINT) == 1;
}
