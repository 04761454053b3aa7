/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody typed: a token, a code, or neither. Reads it as far as it can be read without
 * changing anything: form, signature, claims, whose it is. What it opens, and burning it, is the
 * judge's, in one message.
 */
#ifndef JIT_JITD_PRESENT_H
#define JIT_JITD_PRESENT_H

#include "jitd/arrival.h"
#include "jitd/judge.h"
#include "jitd/order.h"

#define CLIENT_CUTS_AT                                                                             \
	1023 /* bytes of one answer; OpenSSH's client drops the rest silently (measured) */

struct presented {
	enum token_kind kind;      /* KIND_TOKEN, KIND_CODE or KIND_FOREIGN; 0: it was none */
	enum reason reason;        /* NONE where it was read; TOKEN: token.reason says more */
	struct token_result token; /* of KIND_FOREIGN the reason alone */
	char digest[65];           /* of the text: what its row must say */
	enum names_result subject_result;
	struct identity *subject; /* the token's sub, where this host knows them */
	struct foreign *foreign;  /* of KIND_FOREIGN */
	struct wish wish;         /* of KIND_FOREIGN, once it was judged good */
};

typedef void presented_done(void *context, struct presented *presented);

/* Whose token it is; NULL: not known. */
const struct identity *presented_subject(const struct presented *presented);
/* What is burned of it. */
const char *presented_jti(const struct presented *presented);
/* For the event: "code jti ..."; empty where nothing was read. */
void presented_describe(const struct presented *presented, char *ret_text, size_t size);

/* `text` is copied, and the copy wiped. Calls `done` exactly once, now or later, with what it must
 * give to presented_free(), or NULL: no memory. A wrong code counts as a guess of door->source at
 * the door's account if `counts`, while that account has a code outstanding. `door` is only read
 * now. */
void present(struct jitd *jitd, const struct door *door, const char *text, bool counts,
             presented_done *done, void *context);
/* Within a message: may this token open this door? The token's subject is the one who comes,
 * whoever stands there; where the kernel vouches it must be the same. door->uid becomes the
 * subject's. An allow is for the caller to spend. A foreign token that is allowed is an active
 * access by then: whoever does not spend it must undo the message. */
must_check int presented_judge(struct jitd *jitd, struct door *door, struct presented *presented,
                               struct judgement *judgement);
/* Burns it, or tells of the access that it became: it was good once. Where somebody was faster the
 * judgement becomes a refusal. */
must_check int presented_spend(struct jitd *jitd, const struct presented *presented,
                               struct judgement *judgement, int64_t now, pid_t pid);
struct presented *presented_free(struct presented *presented); /* takes NULL, returns NULL */

#endif
