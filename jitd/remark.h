/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the event of a check says besides its columns: what was typed, the ssh key, from where.
 */
#ifndef JIT_JITD_REMARK_H
#define JIT_JITD_REMARK_H

#include "jitd/present.h"

#define REMARK_SIZE 1024

/* Allowed until its key is seen: nobody knows yet who comes, or by which access. */
bool remark_is_provisional(const struct judgement *judgement);

/* `presented` NULL: nothing was typed. */
void remark_of(const struct door *door, const struct judgement *judgement,
               const struct presented *presented, char ret_text[static REMARK_SIZE]);

#endif
