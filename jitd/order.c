/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/order.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/key_rows.h"

const char *token_kind_word(enum token_kind kind)
{
	static const char *const words[] = {"", "held", "token", "code", "foreign"};

	return kind <= KIND_FOREIGN ? words[kind] : "";
}

int order_fill(const struct jitd *jitd, const struct access *access, struct mint_order *order)
{
	const struct signer *signer = keys_signer(jitd->keys);
	int r = signer ? text_copy(order->kid, sizeof(order->kid), signer->kid) : -ENOKEY;

	if (r == 0)
		r = text_copy(order->iss, sizeof(order->iss), jitd->host_id);
	if (r == 0)
		r = text_copy(order->aud, sizeof(order->aud), access->host);
	if (r == 0)
		r = text_copy(order->sub, sizeof(order->sub), access->subject);
	if (r == 0)
		r = text_copy(order->scope, sizeof(order->scope), access->scope);
	if (r == 0)
		r = text_copy(order->cnf, sizeof(order->cnf), access->user_key);
	if (r == 0)
		order->algorithm = signer->algorithm;
	order->access = access->id;
	order->until = access_is_elsewhere(jitd, access) ? access->until : 0;
	return r;
}

int order_stands(const struct jitd *jitd, const struct mint_order *order, const struct keys *keys,
                 bool *ret_stands)
{
	int r = key_row_stands(jitd->store, order->kid, order->exp, ret_stands);

	return r == 0 && !*ret_stands && keys == jitd->keys ? -EIO : r;
}

struct expectation order_expectation(const struct jitd *jitd, int64_t now)
{
	return (struct expectation){.issuer = jitd->host_id,
	                            .audience = jitd->host_id,
	                            .now = now,
	                            .lifetime_max = jitd->settings->max_grant};
}

int order_keep(struct jitd *jitd, const struct mint_order *order, enum token_kind kind,
               const char *text)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_TOKEN_INSERT);

	query_number(&query, ":exp", order->exp);
	query_text(&query, ":jti", order->jti);
	query_number(&query, ":access", order->access);
	query_text(&query, ":kid", order->kid);
	query_number(&query, ":iat", order->iat);
	query_text(&query, ":kind", token_kind_word(kind));
	query_text(&query, ":held", kind == KIND_HELD ? text : NULL);
	query_text(&query, ":digest", kind == KIND_HELD ? NULL : text);
	return query_finish(&query);
}
