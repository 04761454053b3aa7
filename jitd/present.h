/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody typed: a token, a code, or neither. Reads it as far as it can be read without
 * changing anything: form, signature, claims, whose it is. What it opens, and burning it, is the
 * judge's, in one message.
 */
#ifndef JIT_JITD_PRESENT_H
#define JIT_JITD_PRESENT_H

#include "jitd/judge.h"
#include "jitd/order.h"

#define CLIENT_CUTS_AT                                                                             \
	1023 /* bytes of one answer; OpenSSH's client drops the rest silently (measured) */

struct presented {
	enum token_kind kind; /* KIND_TOKEN or KIND_CODE; 0: it was neither */
	enum reason reason;   /* NONE where it was read; TOKEN: token.reason says more */
	struct token_result token;
	char digest[65]; /* of the text: what its row must say */
	enum names_result subject_result;
	struct identity *subject; /* the token's sub, where this host knows them */
};

typedef void presented_done(void *context, struct presented *presented);

/* `text` is copied, and the copy wiped. Calls `done` exactly once, now or later, with what it must
 * give to presented_free(), or NULL: no memory. A wrong code counts as a guess of door->source at
 * the door's account if `counts`, while that account has a code outstanding. `door` is only read
 * now. */
void present(struct jitd *jitd, const struct door *door, const char *text, bool counts,
             presented_done *done, void *context);
/* Within a message: may this token open this door? The token's sub is the subject, whoever stands
 * there; where the kernel vouches it must be the same. An allow is for the caller to burn.
 * door->uid becomes the subject's. */
must_check int presented_judge(struct jitd *jitd, struct door *door,
                               const struct presented *presented, struct judgement *judgement);
struct presented *presented_free(struct presented *presented); /* takes NULL, returns NULL */

#endif
