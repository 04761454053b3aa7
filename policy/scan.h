/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict look at a configuration file that comes before libconfuse's. It finds every block and
 * key with its line, holds them against the grammar, and reports each key that is unknown, given
 * twice or of the wrong type.
 */
#ifndef JIT_POLICY_SCAN_H
#define JIT_POLICY_SCAN_H

#include "policy/conf.h"

/* Fills `conf` (zeroed by the caller) but for the values. `text` is worked on in place: comments,
 * titles and everything that was refused become blanks, and lines stay where they are, so that what
 * is left may be handed to libconfuse. Results as conf_read(). */
must_check int scan(char *text, const struct conf_grammar *grammar, struct complaints *complaints,
                    struct conf *conf);

#endif
