/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing keys as they are in force: which one signs, which ones verify, and until when. Never
 * changed: a rotation (jitd/rotation.h) puts another in its place, and who works on the pool holds
 * the one that it began with. Held and let go on the loop's thread alone; read on any.
 */
#ifndef JIT_JITD_KEYS_H
#define JIT_JITD_KEYS_H

#include "jitd/key_folder.h"
#include "jitd/key_plan.h"

struct keys;

/* Of those that the list has not as gone, with their files, which are taken out of `files` as they
 * are needed; a key whose file is not there verifies nothing. A next key verifies nothing either, a
 * retiring one until its not_after. Once a key signs no lower bound is held against the clock,
 * which may be set back. Held once, by the caller. -ENOMEM. */
must_check int keys_new(const struct key_list *list, struct key_file *files, size_t count,
                        struct keys **ret_keys);
struct keys *keys_hold(struct keys *keys); /* the same */
/* Wiped and freed when nobody holds it any more. Takes NULL, returns NULL. */
struct keys *keys_release(struct keys *keys);

static inline void cleanup_keys(struct keys **where)
{
	keys_release(*where);
}

const struct keyset *keys_set(const struct keys *keys); /* for verifying */

/* Who signs; NULL: nobody, and nothing is minted. The private half is for jitd/mint alone. */
struct signer {
	char kid[KID_SIZE];
	enum key_algorithm algorithm;
	char *pem; /* NUL-terminated */
};
const struct signer *keys_signer(const struct keys *keys);

#endif
