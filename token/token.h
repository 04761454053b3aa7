/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader: bytes in, claims or a reason out. Pure: no file, clock, allocation that
 * outlives the call, or global state; safe to call from several threads at once with one keyset. No
 * road leads to claims but through a verified signature.
 *
 * Compact JWS only (RFC 7515 section 7.1), signed with ES256 or RS256; the key record, not the
 * token, says which. Numbers T1 to T30 name the attacks that each rule meets.
 */
#ifndef JIT_TOKEN_TOKEN_H
#define JIT_TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decision.h"
#include "base/error.h"

#define TOKEN_MAX          4096 /* bytes of a token's text (T25) */
#define TOKEN_TYPED_MAX    511  /* bytes that sudo takes at a prompt */
#define TOKEN_HEADER_MAX   1024 /* bytes of the decoded header (T25) */
#define TOKEN_KID_MAX      64
#define TOKEN_LIFETIME_MAX INT64_C(43200) /* exp - iat, whatever is configured (T18) */
#define TOKEN_SKEW         5 /* seconds that nbf and iat may lie ahead; exp has none (C4) */

/* Why a token was refused. Zero is no reason: a result that nobody set refuses as well. The words
 * go to the log; a person gets one line for all of them (T27). */
#define TOKEN_REASONS(R)                                                                           \
	R(UNSET, "unset")                                                                          \
	R(LENGTH, "token-length") /* empty or over TOKEN_MAX */                                    \
	R(FORM, "token-form")     /* not three non-empty parts of canonical base64url */           \
	R(HEADER, "token-header") /* not bounded strict JSON, or a member of the wrong type */     \
	R(HEADER_MEMBER,                                                                           \
	  "token-header-member") /* crit jku jwk x5u x5c x5t b64 zip, or any unknown member */     \
	R(TYPE, "token-type")    /* typ is not what is expected */                                 \
	R(ALGORITHM, "token-algorithm")     /* not the one that the key record pins */             \
	R(KEY_UNKNOWN, "token-key-unknown") /* kid missing, malformed or not loaded */             \
	R(KEY_TIME, "token-key-time") /* outside the key's not-before and not-after, or revoked */ \
	R(SIGNATURE_LENGTH, "token-signature-length")                                              \
	R(SIGNATURE, "token-signature")                                                            \
	R(CLAIMS, "token-claims") /* not bounded strict JSON, or a claim of the wrong type */      \
	R(CLAIM_MISSING, "token-claim-missing")                                                    \
	R(BINDING, "token-binding") /* a cnf that is not {"ssh": FINGERPRINT}, RFC 7800 */         \
	R(REQUIRE, "token-require") /* a claim that the expectation asks for has another value */  \
	R(ISSUER, "token-issuer")                                                                  \
	R(AUDIENCE, "token-audience")                                                              \
	R(EXPIRED, "token-expired")   /* exp or until is not after now */                          \
	R(EARLY, "token-early")       /* nbf or iat ahead of now by more than TOKEN_SKEW */        \
	R(LIFETIME, "token-lifetime") /* exp - iat not in 1..cap */                                \
	R(INTERNAL, "token-internal") /* OpenSSL or memory failed: denies as well */

enum token_reason {
#define R(name, word) TOKEN_REASON_##name,
	TOKEN_REASONS(R)
#undef R
};
const char *token_reason_word(enum token_reason reason); /* never NULL */

#define TOKEN_CNF_SIZE 51 /* "SHA256:", 43 characters of base64 without padding, and the NUL */

/* Claims of a token whose signature held. Text is clean, NUL-terminated, bounded. */
struct claims {
	char kid[TOKEN_KID_MAX + 1];
	char iss[256];
	char sub[65];
	char scope[1025];
	char jti[129];
	int64_t iat, nbf, exp; /* nbf = iat where the token has none */
	uint32_t access;       /* our own tokens' number; required, 1 and up */
	int64_t until; /* when what the token opens ends for good; 0: the token does not say */
	char cnf[TOKEN_CNF_SIZE]; /* the ssh key it is bound to, as ssh-keygen -l has it; "": none
	                           */
};

struct keyset; /* token/key.h */

/* What must be so, said by the caller. */
struct expectation {
	const char *issuer;   /* compared byte for byte */
	const char *audience; /* the token's aud is this string, or an array that holds it */
	int64_t now;          /* seconds since 1970 */
	int64_t lifetime_max; /* cap on exp - iat, itself capped by TOKEN_LIFETIME_MAX */
};

struct token_result {
	enum decision decision; /* test == DECISION_ALLOW: the token is genuine and in its time */
	enum token_reason reason;
	struct claims claims; /* all zero unless ALLOW */
};

/* The whole road: strict form, key by kid with its own pinned algorithm, signature over the bytes,
 * strict JSON, claims. `text` need not be NUL-terminated. What the token may open (sub, scope
 * against the door, state of the access, burning) is the caller's to decide. */
void token_read(const char *text, size_t length, const struct keyset *keys,
                const struct expectation *expectation, struct token_result *ret_result);

/* ---- tokens of other issuers ---- */

#define FOREIGN_LEEWAY_MAX INT64_C(60) /* seconds, whatever is asked for */

/* A claim and what it must be: the string byte for byte, an array of strings that holds it, or a
 * boolean or an integer as JSON has it. */
struct requirement {
	const char *claim; /* as `subject_claim` below */
	const char *value;
};

/*
 * What must be so, said by the caller. A claim's name may lead into objects by dots
 * ("realm_access.roles"); members may have dots in their names as well ("kubernetes.io.namespace"),
 * and a name that can be read in two ways in one token denies it.
 */
struct foreign_expectation {
	const char *issuer; /* compared byte for byte */
	const char *const *audiences;
	size_t audience_count; /* 1 and up: the token's aud is, or holds, one of them */
	int64_t now;           /* seconds since 1970 */
	int64_t lifetime_max;  /* cap on exp - iat, itself capped by TOKEN_LIFETIME_MAX */
	int64_t leeway; /* seconds, 0 to FOREIGN_LEEWAY_MAX, that nbf and iat may lie ahead */
	const char *subject_claim; /* whose text is the subject; NULL: "sub" */
	const char *scope_claim;   /* whose text is the scope; NULL: the token is not asked */
	const struct requirement *required; /* all of them */
	size_t required_count;
};

/* Claims of a foreign token whose signature held. Text is clean, NUL-terminated, bounded. */
struct foreign_claims {
	char kid[TOKEN_KID_MAX + 1];
	char iss[256];
	char subject[256]; /* no local name before it was mapped to one */
	char scope[1025];  /* "" where none was asked for */
	char jti[256];     /* "": none */
	char replay[65];   /* what is burned: SHA-256 in hex of iss NUL jti, or of header.payload */
	int64_t iat, nbf, exp; /* nbf = iat where the token has none */
	int64_t until;         /* 0: the token does not say */
	uint32_t access; /* the issuer's number, where it is another jitd; decides nothing; 0: none
	                  */
	char cnf[TOKEN_CNF_SIZE]; /* "": none */
};

struct foreign_result {
	enum decision decision; /* test == DECISION_ALLOW */
	enum token_reason reason;
	struct foreign_claims claims; /* all zero unless ALLOW */
};

/* As token_read(): the same road, and no lenient mode. Required are iss aud iat exp, the subject's
 * claim and, where it is asked for, the scope's. The header has alg and kid, and may have typ (then
 * "JWT"), x5t and x5t#S256, which are not looked at. */
void token_read_foreign(const char *text, size_t length, const struct keyset *keys,
                        const struct foreign_expectation *expectation,
                        struct foreign_result *ret_result);

/* ---- for whoever looks into a token ---- */

/* One step of the road: form, header, key, signature, claims (that they are strict JSON), and then
 * each claim by its name, "lifetime" (exp - iat), "require" and "replay". */
struct token_step {
	const char *name;
	bool reached;             /* false after the step that refused */
	enum token_reason reason; /* of the step that refused; else UNSET */
	const char *text;         /* what was found there, cut to one line; "": nothing to tell */
};
#define TOKEN_STEP_SIZE 384 /* of a step's text, NUL included */
struct token_steps {
	void (*tell)(void *context, const struct token_step *step); /* `step` is gone afterwards */
	void *context;
};

/* As token_read() and token_read_foreign(), with each step told. What is told of the claims is so
 * as soon as the signature held, whether or not they are as expected: for people, never to decide
 * by.
 */
void token_explain(const char *text, size_t length, const struct keyset *keys,
                   const struct expectation *expectation, const struct token_steps *steps,
                   struct token_result *ret_result);
void token_explain_foreign(const char *text, size_t length, const struct keyset *keys,
                           const struct foreign_expectation *expectation,
                           const struct token_steps *steps, struct foreign_result *ret_result);

/* The kid of a header that nobody has verified: good for choosing whose keys are asked, and for
 * nothing else. 0 or the reason why there is none. */
enum token_reason token_unverified_kid(const char *text, size_t length,
                                       char ret_kid[static TOKEN_KID_MAX + 1]);

#endif
