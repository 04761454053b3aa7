/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the issuers that jitd.conf trusts, as their files have them: read at the start and at
 * each reload, and again before a token is looked at where a file has changed. Nothing is ever
 * fetched. All of a file counts or nothing: one that is wrong leaves the keys that were read before
 * (and a trust that had none without), one that is gone takes them along. What it comes to is told
 * in the event `trust`, once for each change.
 *
 * A file has changed when device, inode, size, mtime or ctime differ. One that changed within the
 * last two seconds is read again at each use, since a clock of files may stand still for a change
 * or two.
 */
#ifndef JIT_JITD_ISSUERS_H
#define JIT_JITD_ISSUERS_H

#include "jitd/jitd.h"
#include "policy/trust.h"
#include "token/key.h"

struct issuers;

/* With no file read yet. The settings outlive it. */
must_check int issuers_new(const struct settings *settings, struct issuers **ret_issuers);
struct issuers *issuers_free(struct issuers *issuers); /* takes NULL, returns NULL */

enum issuer_news { ISSUER_READ = 1, ISSUER_REFUSED, ISSUER_REMARK };
/* One line about a trust that it begins with. A remark is about a key that is passed over. A result
 * other than 0 goes no further. */
typedef int issuers_told(void *context, enum issuer_news news, const char *line);
/* Reads what has changed; `all`: also what seems not to have. 0, or what `told` gave. */
must_check int issuers_look(struct issuers *issuers, bool all, issuers_told *told, void *context);

/* All of them, within a message; *ret_refused: how many have no good file. Between messages those
 * that have changed. With event and log. */
must_check int issuers_read(struct jitd *jitd, int64_t now, size_t *ret_refused);
void issuers_refresh(struct jitd *jitd, int64_t now);

/* The keys of one trust. Never changed, so that the pool may read them while others take their
 * place; held and let go on the loop's thread alone. */
struct issuer_keys;
/* Those of the index-th trust, if they know this kid; NULL: they do not. */
struct issuer_keys *issuers_hold(struct issuers *issuers, size_t index, const char *kid);
const struct keyset *issuer_keyset(const struct issuer_keys *keys);
struct issuer_keys *issuer_keys_release(struct issuer_keys *keys); /* takes NULL, returns NULL */

#endif
