/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What NSS said last: for one second as its answer, for up to 15 minutes as its last answer. Part
 * of jitd/names; on the loop's thread only. Times are milliseconds on CLOCK_BOOTTIME: an answer
 * ages while the machine sleeps, too. An answer is as old as its question.
 *
 * A name leads to a uid, and the uid to the person, so that a newer answer about somebody is the
 * one that every road to them finds. At most NAMES_KEPT entries; an unknown name never pushes out a
 * known one.
 */
#ifndef JIT_JITD_NAMES_CACHE_H
#define JIT_JITD_NAMES_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "jitd/names.h"

#define NAMES_KEPT 1024

bool names_key_equal(const struct names_key *a, const struct names_key *b);

struct names_cache;

must_check int names_cache_new(struct names_cache **ret_cache);
struct names_cache *names_cache_free(struct names_cache *cache); /* takes NULL, returns NULL */

/* Looks whether /etc/passwd, /etc/group or /etc/nsswitch.conf changed, and if so forgets
 * everything. Returns the generation, which is another number after each change. */
uint64_t names_cache_check(struct names_cache *cache);

/* NAMES_FOUND, NAMES_UNKNOWN, or NAMES_FAILED: nothing known that was asked less than `age_max`
 * ago. ret_identity is set for FOUND alone and valid until the next call that changes the cache. */
enum names_result names_cache_find(const struct names_cache *cache, const struct names_key *key,
                                   int64_t now, int64_t age_max,
                                   const struct identity **ret_identity);

/* Keeps an answer to a question of `asked` (a copy; NULL: unknown). Nothing is kept of an older
 * generation, or when memory is short, and nothing newer is overwritten. */
void names_cache_keep(struct names_cache *cache, uint64_t generation, const struct names_key *key,
                      int64_t asked, const struct identity *identity);

#endif
