/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ticket must look like: a POSIX extended regular expression (regex(7)), bounded so that
 * neither compiling nor matching takes more than a moment: at most 128 bytes, no back-reference, no
 * count over 16, none within a counted group, + and counts around one another so few that nothing
 * stands more than 64 times in what is compiled, and no *, + or count of what may be nothing. Each
 * match compiles anew, so that no text leaves anything behind. The only owner of regex.h.
 */
#ifndef JIT_POLICY_TICKET_H
#define JIT_POLICY_TICKET_H

#include <stdbool.h>

#include "base/error.h"

#define TICKET_EXPRESSION_MAX 128 /* bytes */
#define TICKET_MAX            128 /* bytes of a ticket */

struct ticket;

/* -EINVAL with the line that says what is wrong and what would be right, -ENOMEM. */
must_check int ticket_new(const char *expression, struct ticket **ret_ticket, struct fault *fault);
struct ticket *ticket_free(struct ticket *ticket); /* takes NULL, returns NULL */

/* Anywhere in the text, unless the expression says ^ and $. A text longer than TICKET_MAX: no. */
bool ticket_matches(const struct ticket *ticket, const char *text);

#endif
