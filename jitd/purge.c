/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/purge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/audit.h"
#include "jitd/instant.h"
#include "jitd/reservation.h"

struct place {
	int64_t exp;
	char jti[JTI_SIZE];
};

struct purge {
	struct jitd *jitd;
	struct timer *timer;
	struct place after; /* looked at already, in this pass */
	uint64_t gone;      /* in this pass */
};

/* Some of those whose time is long up. */
struct page {
	struct place rows[PURGE_ROWS];
	bool over[PURGE_ROWS]; /* nothing that it opened is open */
	size_t count;
};

static int read_page(const struct purge *purge, int64_t before, struct page *ret_page)
{
	cleanup(query_done) struct query query =
	        store_query(purge->jitd->store, STATEMENT_TOKEN_STALE);
	struct page page = {.count = 0};
	int r;

	_Static_assert(PURGE_ROWS == 8, "as many as the statement gives");
	query_number(&query, ":before", before);
	query_number(&query, ":exp", purge->after.exp);
	query_text(&query, ":jti", purge->after.jti);
	while ((r = query_step(&query)) == QUERY_ROW && page.count < PURGE_ROWS) {
		struct place *place = &page.rows[page.count];
		place->exp = query_column(&query, 0);
		r = text_copy(place->jti, sizeof(place->jti), query_column_text(&query, 1));
		if (r < 0)
			return r;
		page.over[page.count++] = query_column(&query, 2) == 1;
	}
	*ret_page = page;
	return r < 0 ? r : 0;
}

static int forget(const struct purge *purge, const struct place *place)
{
	cleanup(query_done) struct query query =
	        store_query(purge->jitd->store, STATEMENT_TOKEN_PURGE);

	query_number(&query, ":exp", place->exp);
	query_text(&query, ":jti", place->jti);
	return query_finish(&query);
}

static int go_on_inside(const struct purge *purge, int64_t before, struct page *ret_page,
                        uint64_t *ret_gone)
{
	int r = read_page(purge, before, ret_page);

	*ret_gone = 0;
	for (size_t i = 0; r == 0 && i < ret_page->count; i++)
		if (ret_page->over[i]) {
			r = forget(purge, &ret_page->rows[i]);
			(*ret_gone)++;
		}
	return r;
}

static void end_pass(struct purge *purge, int result)
{
	if (result < 0)
		audit_log(purge->jitd->audit, "tokens that are long over are not forgotten: %s",
		          strerror(-result));
	else if (purge->gone)
		audit_log(purge->jitd->audit, "%llu tokens that are long over were forgotten",
		          (unsigned long long)purge->gone);
	purge->gone = 0;
	purge->after = (struct place){.exp = 0};
	timer_start(purge->timer, PURGE_EVERY_MS);
}

static void go_on(void *context)
{
	struct purge *purge = context;
	struct jitd *jitd = purge->jitd;
	const int64_t before = instant_highest(jitd) - PURGE_OUTLIVES;
	struct page page = {.count = 0};
	uint64_t gone = 0;
	int r;

	if (jitd->stopping)
		return;
	r = txn_enter(jitd->txn);
	if (r == 0) {
		r = go_on_inside(purge, before, &page, &gone);
		r = txn_leave(jitd->txn, r);
	}
	if (r == 0 && page.count) {
		purge->gone += gone;
		purge->after = page.rows[page.count - 1];
		timer_start(purge->timer, PURGE_PAUSE_MS);
		return;
	}
	end_pass(purge, r);
}

void purge_begin(struct jitd *jitd)
{
	timer_start(jitd->purge->timer, PURGE_PAUSE_MS);
}

int purge_new(struct jitd *jitd, struct purge **ret_purge)
{
	struct purge *purge = calloc(1, sizeof(*purge));
	int r;

	if (!purge)
		return -ENOMEM;
	purge->jitd = jitd;
	r = loop_timer(jitd->loop, go_on, purge, &purge->timer);
	if (r < 0) {
		free(purge);
		return r;
	}
	*ret_purge = purge;
	return 0;
}

struct purge *purge_free(struct purge *purge)
{
	if (purge)
		timer_free(purge->timer);
	free(purge);
	return NULL;
}
