/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing keys on disk: STATE-DIR/keys/KID.pem, 0600, jitd's own. Made at first start. Rotation
 * comes later: one key is `current`; every key in the folder verifies.
 */
#ifndef JIT_JITD_KEYS_H
#define JIT_JITD_KEYS_H

#include "token/key.h"

struct keys;

/* Loads STATE_DIR/keys, making folder (0700) and a P-256 key where there are none (written to a
 * temporary name, fsync'ed, renamed, folder fsync'ed). Refuses by name: wrong owner, mode, symlink,
 * file name that is not its kid, a file that is no such key, any other file; none is made then. The
 * current key is the newest file by modification time, then by name. */
must_check int keys_load(const char *state_dir, struct keys **ret_keys, struct fault *fault);
struct keys *keys_free(struct keys *keys); /* wipes; takes NULL, returns NULL */

const struct keyset *keys_set(const struct keys *keys); /* for verifying; lives as long as `keys` */
const char *keys_current_kid(const struct keys *keys);
const char *keys_current_pem(
        const struct keys *keys); /* private, for jitd/mint alone; NUL-terminated */

#endif
