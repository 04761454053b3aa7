/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One change of the signing keys, in its three steps: files (for the pool), rows with their events
 * and revocations (in one message), and what follows the commit. Who runs them, and when, is
 * jitd/rotation.c's.
 */
#ifndef JIT_JITD_REKEY_H
#define JIT_JITD_REKEY_H

#include "base/identity.h"
#include "jitd/jitd.h"

#define REKEY_RETIRING_MAX 32 /* a rotation past so many retiring keys refuses */

/* Who retired a key whose row could not be written. */
struct key_eraser {
	char kid[KID_SIZE], actor[NAME_SIZE];
};

struct rekey {
	struct jitd *jitd;
	const struct key_folder *folder;
	struct key_wish wish;  /* its kid lives as long */
	char actor[NAME_SIZE]; /* "": nobody */
	const struct key_eraser *erasers;
	size_t eraser_count;
	struct key_list list; /* as it is, then as it shall be */
	struct key_file files[KEYS_MAX + FRESH_MAX];
	size_t file_count;
	struct key_record fresh[FRESH_MAX]; /* made for it: their files are staged */
	size_t fresh_count;
	struct keys *keys; /* as they will be in force */
	size_t revoked;    /* accesses */
};
void rekey_done(struct rekey *rekey); /* wipes */

/* The keys that there are, from what is committed. */
must_check int rekey_look(struct rekey *rekey, struct fault *fault);
/* Reads the files of those that may go on, and makes the keys that are lacking. A file that is not
 * as it must be fails it, but where a key is to be retired, which must not wait: that key is left
 * out, with a line in `fault`. For the pool. */
must_check int rekey_prepare(struct rekey *rekey, struct fault *fault);
/* Within a message: plans, on the rows as they are in there, writes, and builds rekey->keys.
 * -EAGAIN when what was prepared is not what it takes. */
must_check int rekey_write(struct rekey *rekey, struct fault *fault);
/* Once that is committed: puts the keys in force, and the files in order. What fails there is in
 * jitd's log, and made up for at the next start. */
void rekey_follow(struct rekey *rekey);
/* If it was not: the files that were made go. */
void rekey_drop(struct rekey *rekey);

/* Without a row of it: the key of wish.retire is out of force, its file erased; if it was the
 * current one nobody signs. Blocks for reading the others. */
must_check int rekey_from_memory(struct rekey *rekey, struct fault *fault);

/* What the change did with a key; NULL: with none. */
const struct key_record *rekey_changed(const struct rekey *rekey, enum key_change change);

#endif
