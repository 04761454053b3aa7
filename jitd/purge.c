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
	uint64_t failures;  /* of transactions, when this pass began: where one fails it ends */
};

/* Some of those whose time is long up. */
struct page {
	struct place over[PURGE_ROWS]; /* nothing that they opened is open */
	size_t count;
	struct place last; /* that was looked at */
	bool end;          /* none was */
};

static int place_of_row(const struct query *query, struct place *ret_place)
{
	ret_place->exp = query_column(query, 0);
	return text_copy(ret_place->jti, sizeof(ret_place->jti), query_column_text(query, 1));
}

static int read_page(const struct purge *purge, int64_t before, struct page *page)
{
	cleanup(query_done) struct query query =
	        store_query(purge->jitd->store, STATEMENT_TOKEN_STALE);
	int r = 0;

	query_number(&query, ":before", before);
	query_number(&query, ":exp", purge->after.exp);
	query_text(&query, ":jti", purge->after.jti);
	while (page->count < PURGE_ROWS && (r = query_step(&query)) == QUERY_ROW) {
		page->end = false;
		r = place_of_row(&query, &page->last);
		if (r < 0)
			return r;
		if (query_column(&query, 2) == 1)
			page->over[page->count++] = page->last;
	}
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

static int go_on_inside(const struct purge *purge, int64_t before, struct page *page)
{
	int r = read_page(purge, before, page);

	for (size_t i = 0; r == 0 && i < page->count; i++)
		r = forget(purge, &page->over[i]);
	return r;
}

static int step(const struct purge *purge, struct page *page)
{
	struct jitd *jitd = purge->jitd;
	const int64_t before = instant_highest(jitd) - PURGE_OUTLIVES;
	int r = txn_enter(jitd->txn);

	if (r < 0)
		return r;
	return txn_leave(jitd->txn, go_on_inside(purge, before, page));
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
	const uint64_t failures = txn_counters(purge->jitd->txn).failures;
	struct page page = {.end = true};
	int r = -EIO;

	if (purge->jitd->stopping)
		return;
	if (!*purge->after.jti) /* a pass begins */
		purge->failures = failures;
	if (purge->failures == failures)
		r = step(purge, &page);
	if (r < 0 || page.end) {
		end_pass(purge, r);
		return;
	}
	purge->gone += page.count;
	purge->after = page.last;
	timer_start(purge->timer, PURGE_PAUSE_MS);
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
