/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fingerprints of ssh keys as ssh-keygen -l prints them: "SHA256:" and the base64 without padding
 * of the SHA-256 of the public key (RFC 4253 section 6.6). A certificate of OpenSSH has that of the
 * key in it: sshd took a signature by that key, and ssh-keygen -l says the same of both.
 */
#ifndef JIT_TOKEN_FINGERPRINT_H
#define JIT_TOKEN_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "token/token.h"

#define FINGERPRINT_SIZE TOKEN_CNF_SIZE

/* Of that form, and of its one spelling (the unused bits of the last character are zero)? */
bool fingerprint_is_good(const char *text);

/* Of a public key as authorized_keys(5) has it: "TYPE BASE64", of which `length` characters count
 * and whatever follows a second blank does not. -EINVAL: not strict base64, not the type that the
 * key itself names, or a certificate of a kind that is not known. -ENOBUFS over 8192 characters. */
must_check int fingerprint_of_line(const char *line, size_t length,
                                   char ret_fingerprint[static FINGERPRINT_SIZE]);

#endif
