/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which known word was probably meant by one that is not known.
 */
#ifndef JIT_POLICY_NEAREST_H
#define JIT_POLICY_NEAREST_H

#include <stddef.h>

#define NEAREST_WORD_MAX 24 /* bytes; nothing is near a longer one */

/* How many bytes must be added, taken out, replaced or swapped with their neighbour to make one of
 * the other; NEAREST_WORD_MAX + 1 where one is longer than that. */
size_t word_distance(const char *one, const char *other);

#endif
