/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose tokens a host takes besides its own: the `trust` blocks of jitd.conf, and what a trust
 * makes of what such a token says. The list below is the grammar; jitd.conf(5) is held against it.
 * Pure: no file and no clock. A trust opens nothing by itself: a rule must name it (`via`).
 */
#ifndef JIT_POLICY_TRUST_H
#define JIT_POLICY_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"
#include "policy/scope.h"

#define TRUSTS_MAX         32
#define TRUST_AUDIENCE_MAX 16             /* names in `audience` */
#define TRUST_LIST_MAX     64             /* entries of subject-map, scope and require */
#define TRUST_TTL_MAX      INT64_C(43200) /* seconds: what any token may live */
#define TRUST_LEEWAY_MAX   60             /* seconds */
#define TRUST_TEXT_MAX     255            /* bytes of an issuer, an audience, a value, a path */
#define TRUST_CLAIM_MAX    128            /* bytes of a claim's name */

enum { TRUST_ES256 = 1, TRUST_RS256 = 2 }; /* bits of `algorithms` */

/* KEY, TYPE, READER, WHAT TO WRITE WHERE IT MUST BE THERE */
#define TRUST_KEYS(K)                                                                              \
	K("issuer", STRING, issuer, "\"https://gitlab.example.org\"")                              \
	K("audience", LIST, audience, "{\"web1.example.org\"}")                                    \
	K("jwks", STRING, jwks, "\"/etc/jitd/gitlab.jwks\"")                                       \
	K("algorithms", LIST, algorithms, "{\"RS256\"}")                                           \
	K("max-ttl", STRING, max_ttl, NULL)                                                        \
	K("leeway", STRING, leeway, NULL)                                                          \
	K("subject-claim", STRING, subject_claim, NULL)                                            \
	K("subject-map", LIST, subject_map, NULL)                                                  \
	K("scope", LIST, scope, "{\"ssh:deploy\"}")                                                \
	K("scope-claim", STRING, scope_claim, NULL)                                                \
	K("require", LIST, require, NULL)

/* "LEFT=RIGHT" */
struct trust_pair {
	char *left, *right; /* owned */
};

struct trust_pairs {
	struct trust_pair *items; /* owned */
	size_t count;
};

struct trust {
	char *name;              /* what `via` of a rule says */
	unsigned int line;       /* of its title */
	char *issuer;            /* `iss`, byte for byte */
	struct strings audience; /* `aud` must hold one of them */
	char *jwks;              /* path of the JWK Set */
	unsigned int algorithms;
	int64_t max_ttl;            /* seconds of exp - iat; default 10m */
	int64_t leeway;             /* seconds that iat and nbf may lie ahead; default 5s */
	char *subject_claim;        /* default "sub" */
	struct trust_pairs map;     /* pattern of its value, user; none: the value is the user */
	struct strings scope;       /* canonical: scopes, or with scope_claim patterns */
	char *scope_claim;          /* NULL: what opens is all of `scope` */
	struct trust_pairs require; /* claim, value: each must be so */
};

struct trusts {
	struct trust *items; /* owned, in the order of the file */
	size_t count;
};

/* The trust that `via` names; NULL: none. */
const struct trust *trust_named(const struct trusts *trusts, const char *name);

/* The local user for whom a token stands whose subject claim has this value; NULL: nobody. Never
 * root. The first pattern that fits says who. Points into what it is given. */
const char *trust_subject(const struct trust *trust, const char *value);

/* What a token of `subject`, a local user, opens: canonical scopes. `asked`: the scope claim as the
 * token has it; NULL or empty without scope-claim. -EINVAL: it asks for nothing, for what is no
 * scope, or for more than the trust gives; the line says what. */
must_check int trust_scopes(const struct trust *trust, const char *asked, const char *subject,
                            char ret_scopes[static SCOPES_SIZE], struct fault *fault);

#endif
