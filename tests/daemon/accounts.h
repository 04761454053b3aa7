/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups of a test's own, in its own mount namespace: files over those of /etc. */
#ifndef JIT_TESTS_DAEMON_ACCOUNTS_H
#define JIT_TESTS_DAEMON_ACCOUNTS_H

#include <stdbool.h>

/* After own_mounts(). False: not allowed. */
bool accounts_own(void);
/* What the files hold from now on. */
void accounts_passwd(const char *text);
void accounts_group(const char *text);

#endif
