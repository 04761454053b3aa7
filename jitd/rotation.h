/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing the signing keys: at start, by `keys rotate` and `keys retire`, and when a retiring key
 * has run out. One change at a time: files are read and new keys written on the pool, then rows,
 * events and revocations go into one transaction, which is committed at once, and with that commit
 * other keys are in force (jitd->keys). Whatever was being signed meanwhile is written only where
 * its key still verifies as long as it lives (order_stands()), and else signed anew.
 *
 * What a crash leaves, and what a start makes of it:
 *   KID.new without a row        a key that was never in force: erased
 *   KID.new with its row         the commit was there, the rename was not: renamed
 *   KID.pem, its row says gone   the commit was there, the erasure was not: erased
 *   a row without any file       somebody erased the key: gone, accesses with its tokens revoked
 *   KID.pem without a row        nobody's: jitd does not start, and says so
 *
 * On a full disk a rotation refuses. A retirement acts all the same: the file is erased, which is
 * what counts at the next start, the key is out of force, and nobody signs until the rows can be
 * written if it was the current one.
 */
#ifndef JIT_JITD_ROTATION_H
#define JIT_JITD_ROTATION_H

#include "jitd/call.h"

struct rotation;

/* Opens STATE-DIR/keys and sets it right, with a current key of the algorithm that jitd.conf wants,
 * and a next one; sets jitd->keys and jitd->rotation. -errno with the line: no start. */
must_check int rotation_start(struct jitd *jitd, struct fault *fault);
struct rotation *rotation_free(struct rotation *rotation); /* takes NULL, returns NULL */

/* Goes on with a call whose handler left call->rekey. `done` gets 0 with call->out set and, unless
 * that refuses, all of it in force and on disk; or -errno: nothing was changed. */
void rotation_begin(struct call *call, void (*done)(struct call *call, int result));

#endif
