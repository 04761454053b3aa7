/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private keys on disk: STATE-DIR/keys (0700), a file KID.pem (0600) for each key that is not
 * gone, all jitd's own. A new key is written whole to KID.new, and becomes KID.pem once its row is
 * on disk, so that a KID.pem without a row is somebody else's. No file is read through a symlink,
 * of another owner, or where others could read it.
 */
#ifndef JIT_JITD_KEY_FOLDER_H
#define JIT_JITD_KEY_FOLDER_H

#include <stdbool.h>

#include "token/key.h"

struct key_folder;

/* Makes the folder where there is none. -errno with the line. */
must_check int key_folder_open(const char *state_dir, struct key_folder **ret_folder,
                               struct fault *fault);
struct key_folder *key_folder_free(struct key_folder *folder); /* takes NULL, returns NULL */

/* One key: its private half as text, its public half as it verifies. */
struct key_file {
	char kid[KID_SIZE];
	char *pem;
	struct key *key;
};
void key_file_done(struct key_file *file); /* wipes */

/* What stands there, by name: calls `found` for each KID.pem and KID.new (staged), and removes what
 * a crash left of writing one. Any other name refuses, so that a forgotten copy is seen. A `found`
 * that returns -errno, with its line, ends it. */
typedef int key_found(void *context, const char *kid, bool staged, struct fault *fault);
must_check int key_folder_survey(const struct key_folder *folder, key_found *found, void *context,
                                 struct fault *fault);

/* KID.pem, or KID.new where there is no other. -ENOENT: neither; -errno with the line: a file that
 * is not as it must be, or holds another key than its name says. For the pool: blocks, and takes
 * long for RSA keys. */
must_check int key_folder_read(const struct key_folder *folder, const char *kid,
                               struct key_file *ret_file, struct fault *fault);

/* Makes a key and writes it, whole and synced, to KID.new. For the pool. */
must_check int key_folder_stage(const struct key_folder *folder, enum key_algorithm algorithm,
                                struct key_file *ret_file, struct fault *fault);
/* KID.new becomes KID.pem. */
must_check int key_folder_keep(const struct key_folder *folder, const char *kid,
                               struct fault *fault);
/* Neither KID.pem nor KID.new is there afterwards. */
must_check int key_folder_erase(const struct key_folder *folder, const char *kid,
                                struct fault *fault);

/* The path of KID.pem, for lines. */
#define KEY_PATH_SIZE 4096
void key_folder_path(const struct key_folder *folder, const char *kid,
                     char ret_path[static KEY_PATH_SIZE]);

#endif
