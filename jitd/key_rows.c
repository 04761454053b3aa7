/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/key_rows.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static int read_row(const struct query *query, struct key_record *key)
{
	*key = (struct key_record){
	        .algorithm = key_algorithm_named(query_column_text(query, 1)),
	        .state = key_state_of(query_column_text(query, 2)),
	        .made = query_column(query, 3),
	        .not_before = query_column(query, 4),
	        .not_after = query_column(query, 5),
	        .retired = query_column(query, 6),
	};
	return text_copy(key->kid, sizeof(key->kid), query_column_text(query, 0));
}

static int read_last(struct store *store, struct key_record *key)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_KEY_LAST);
	int r;

	query_text(&query, ":kid", key->kid);
	r = query_step(&query);
	if (r == QUERY_ROW)
		key->last = query_column(&query, 0);
	return r < 0 ? r : 0;
}

int key_rows_read(struct store *store, struct key_list *ret_list)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_KEY_LIVE);
	struct key_list list = {.count = 0};
	int r;

	while ((r = query_step(&query)) == QUERY_ROW) {
		struct key_record *key = &list.items[list.count];
		if (list.count == KEYS_MAX)
			return -E2BIG;
		r = read_row(&query, key);
		if (r == 0 && key->state == KEY_CURRENT)
			r = read_last(store, key);
		if (r < 0)
			return r;
		list.count++;
	}
	if (r < 0)
		return r;
	*ret_list = list;
	return 0;
}

int key_row_state(struct store *store, const char *kid, enum key_state *ret_state)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_KEY_GET);
	int r;

	query_text(&query, ":kid", kid);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : KEY_UNKNOWN;
	*ret_state = key_state_of(query_column_text(&query, 0));
	return 0;
}

static void bind(struct query *query, const struct key_record *key)
{
	query_text(query, ":kid", key->kid);
	query_text(query, ":state", key_state_word(key->state));
	query_number(query, ":not_before", key->not_before);
	query_number(query, ":not_after", key->not_after);
	query_number(query, ":retired", key->retired);
}

static int insert(struct store *store, const struct key_record *key)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_KEY_INSERT);

	bind(&query, key);
	query_text(&query, ":algorithm", key_algorithm_name(key->algorithm));
	query_number(&query, ":made", key->made);
	return query_finish(&query);
}

static int update(struct store *store, const struct key_record *key)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_KEY_SET);
	int r;

	bind(&query, key);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -ENOENT;
	return query_finish(&query);
}

/* Those that leave a state before those that enter it, of which there is one (index key_one). */
int key_rows_write(struct store *store, const struct key_list *list)
{
	static const enum key_state order[] = {KEY_GONE, KEY_RETIRING, KEY_CURRENT, KEY_NEXT};
	int r = 0;

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; r == 0 && i < list->count; i++) {
			const struct key_record *key = &list->items[i];
			if (key->state != order[k] || key->change == KEY_STAYS)
				continue;
			r = key->change == KEY_IS_MADE ? insert(store, key) : update(store, key);
		}
	return r;
}

int key_row_stands(struct store *store, const char *kid, int64_t exp, bool *ret_stands)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_KEY_STANDS);
	int r;

	query_text(&query, ":kid", kid);
	query_number(&query, ":exp", exp);
	r = query_step(&query);
	*ret_stands = r == QUERY_ROW;
	return r < 0 ? r : 0;
}

void key_row_describe(const struct query *query, struct wire_key *row)
{
	text_sanitize(row->kid, sizeof(row->kid), query_column_text(query, 1));
	text_sanitize(row->algorithm, sizeof(row->algorithm), query_column_text(query, 2));
	text_sanitize(row->state, sizeof(row->state), query_column_text(query, 3));
	row->made = query_column(query, 4);
	row->not_before = query_column(query, 5);
	row->not_after = query_column(query, 6);
	row->retired = query_column(query, 7);
}
