/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a rule is open: "mon-fri 08:00-18:00", "sat,sun", "22:00-06:00", "fri 22:00-02:00". Days are
 * those on which a window begins; one whose end is not after its begin ends on the next day. The
 * end is not inside. Times are those of the clock on the wall: an hour that a change to summer time
 * leaves out is in no window, one that comes twice is in its windows both times.
 */
#ifndef JIT_POLICY_WINDOW_H
#define JIT_POLICY_WINDOW_H

#include "policy/policy.h"

#define WINDOW_SIZE 48 /* of one window as text, NUL included */
#define MOMENT_SIZE 16 /* "mon 08:00" */

/* -EINVAL with the line that says what is wrong and what would be right. */
must_check int window_read(const char *text, struct window *ret_window, struct fault *fault);
/* Canonical: same window, same text. */
void window_write(const struct window *window, char ret_text[static WINDOW_SIZE]);

/* -ENOMEM and unchanged. */
must_check int windows_add(struct windows *windows, const struct window *window);
void windows_done(struct windows *windows);

/* Is the moment in one of them? No window: yes. A moment that is not known: in none. */
bool windows_hold(const struct windows *windows, const struct moment *moment);

/* "fri 22:30"; -EINVAL when it is none. */
must_check int moment_read(const char *text, struct moment *ret_moment);
void moment_write(const struct moment *moment, char ret_text[static MOMENT_SIZE]);

#endif
