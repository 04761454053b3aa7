/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/mint.h"

#include <errno.h>
#include <jwt.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"

#define JTI_BYTES  16
#define NUMBER_MAX (INT64_C(1) << 53) /* what the reader takes (T16) */

CLEANUP_DEFINE(jwt, jwt_t *, jwt_free)

static bool clean(const char *text)
{
	return text[0] && text_is_clean(text, strlen(text));
}

static bool kid_form(const char *text)
{
	return text[0] && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                                     "0123456789._-")];
}

static bool jti_form(const char *text)
{
	size_t digits = strspn(text, "0123456789abcdef");

	return digits == 2 * (size_t)JTI_BYTES && !text[digits];
}

/* Every text of an order: all of them are checked before the first goes into a token. */
static const struct order_text {
	const char *name;
	size_t offset, size;
	bool (*form)(const char *text);
	int (*add)(jwt_t *jwt, const char *name, const char *text);
} texts[] = {
#define ORDER_TEXT(field, form, add)                                                               \
	{                                                                                          \
#field, offsetof(struct mint_order, field),                                        \
		        sizeof(((struct mint_order *)0)->field), form, add                         \
	}
        ORDER_TEXT(kid, kid_form, jwt_add_header), ORDER_TEXT(iss, clean, jwt_add_grant),
        ORDER_TEXT(aud, clean, jwt_add_grant),     ORDER_TEXT(sub, text_is_name, jwt_add_grant),
        ORDER_TEXT(scope, clean, jwt_add_grant),   ORDER_TEXT(jti, jti_form, jwt_add_grant),
#undef ORDER_TEXT
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static const char *text_of(const struct mint_order *order, const struct order_text *text)
{
	return (const char *)order + text->offset;
}

static bool order_is_good(const struct mint_order *order)
{
	for (size_t i = 0; i < TEXTS; i++) {
		const char *text = text_of(order, &texts[i]);
		if (strnlen(text, texts[i].size) == texts[i].size || !texts[i].form(text))
			return false;
	}
	if (order->algorithm != KEY_ES256 && order->algorithm != KEY_RS256)
		return false;
	if (strnlen(order->cnf, sizeof(order->cnf)) == sizeof(order->cnf) ||
	    (order->cnf[0] && !fingerprint_is_good(order->cnf)))
		return false;
	if (!order->access || order->iat < 0 || order->exp <= order->iat)
		return false;
	if (order->exp > NUMBER_MAX || order->exp > LONG_MAX)
		return false;
	if (order->until && (order->until < order->exp || order->until > NUMBER_MAX))
		return false;
	return order->exp - order->iat <= TOKEN_LIFETIME_MAX;
}

/* A fingerprint holds nothing that JSON would escape. */
static int add_binding(jwt_t *jwt, const char *fingerprint)
{
	char json[FINGERPRINT_SIZE + 32];
	int r = text_format(json, sizeof(json), "{\"cnf\":{\"ssh\":\"%s\"}}", fingerprint);

	return r < 0 ? -r : jwt_add_grants_json(jwt, json);
}

/* libjwt's results are positive errno values */
static int fill(jwt_t *jwt, const struct mint_order *order)
{
	int r = 0;

	for (size_t i = 0; i < TEXTS && !r; i++)
		r = texts[i].add(jwt, texts[i].name, text_of(order, &texts[i]));
	if (!r)
		r = jwt_add_grant_int(jwt, "iat", (long)order->iat);
	if (!r)
		r = jwt_add_grant_int(jwt, "nbf", (long)order->iat);
	if (!r)
		r = jwt_add_grant_int(jwt, "exp", (long)order->exp);
	if (!r)
		r = jwt_add_grant_int(jwt, "access", (long)order->access);
	if (!r && order->until)
		r = jwt_add_grant_int(jwt, "until", (long)order->until);
	if (!r && order->cnf[0])
		r = add_binding(jwt, order->cnf);
	return -r;
}

static int sign(jwt_t *jwt, enum key_algorithm algorithm, const char *private_pem, char **ret_text)
{
	char *text;
	int r = jwt_set_alg(jwt, algorithm == KEY_RS256 ? JWT_ALG_RS256 : JWT_ALG_ES256,
	                    (const unsigned char *)private_pem, (int)strlen(private_pem));

	if (r)
		return -r;
	errno = 0;
	/* ours to free(): jwt_free_str() came after 1.10, and does the same unless
	 * jwt_set_alloc() was called, which nobody does here */
	text = jwt_encode_str(jwt);
	if (!text)
		return errno > 0 ? -errno : -EIO;
	*ret_text = text;
	return 0;
}

/* libjwt puts a token together on the stack of the pool's thread, which lives on. */
static __attribute__((noinline)) void wipe_stack(void)
{
	char below[8 * TOKEN_MAX];

	explicit_bzero(below, sizeof(below));
}

int mint_jti(char ret_jti[static 33])
{
	uint8_t bytes[JTI_BYTES];
	int r = random_bytes(bytes, sizeof(bytes));

	if (r < 0)
		return r;
	hex_encode(bytes, sizeof(bytes), ret_jti);
	return 0;
}

int mint_token(const struct mint_order *order, const char *private_pem, char **ret_token)
{
	cleanup(cleanup_jwt) jwt_t *jwt = NULL;
	cleanup(cleanup_secret) char *text = NULL;
	int r;

	/* strlen: jwt_set_alg() takes an int */
	if (!order_is_good(order) || !private_pem || strlen(private_pem) > TOKEN_MAX)
		return -EINVAL;
	r = jwt_new(&jwt);
	if (r)
		return -r;
	r = fill(jwt, order);
	if (r < 0)
		return r;
	r = sign(jwt, order->algorithm, private_pem, &text);
	wipe_stack();
	if (r < 0)
		return r;
	if (!text || strlen(text) > TOKEN_MAX)
		return -EINVAL;
	*ret_token = take_ptr(text);
	return 0;
}
