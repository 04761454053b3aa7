/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/redate.h"

#include <string.h>

#include "base/cleanup.h"
#include "jitd/audit.h"
#include "jitd/instant.h"

static int run(struct jitd *jitd, enum statement statement, int64_t now, int64_t boot)
{
	cleanup(query_done) struct query query = store_query(jitd->store, statement);

	query_number(&query, ":now", now);
	query_number(&query, ":latest", now + CLOCK_SLACK);
	if (statement == STATEMENT_ACCESS_REDATE_ACTIVE) {
		query_number(&query, ":boot", boot);
		query_text(&query, ":boot_id", jitd->boot_id);
	}
	return query_finish(&query);
}

/* While the clock was behind, it was the highest time all along, for as long as this boot lasts. */
static int take_over(struct jitd *jitd, int64_t now, int64_t boot)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_ACCESS_REBOOT);

	query_number(&query, ":now", now);
	query_number(&query, ":boot", boot);
	query_number(&query, ":waited", instants_waited(jitd) ? boot : 0);
	query_text(&query, ":boot_id", jitd->boot_id);
	return query_finish(&query);
}

int redate(struct jitd *jitd, int64_t now, int64_t boot)
{
	static const enum statement statements[] = {STATEMENT_ACCESS_REDATE_PENDING,
	                                            STATEMENT_ACCESS_REDATE_ACTIVE,
	                                            STATEMENT_TOKEN_REDATE};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(statements) / sizeof(statements[0]); i++)
		r = run(jitd, statements[i], now, boot);
	return r < 0 ? r : take_over(jitd, now, boot);
}

void redate_alone(struct jitd *jitd)
{
	const struct instant instant = instant_now(jitd);
	int r;

	if (!clock_gives(instant.clock))
		return;
	r = txn_enter(jitd->txn);
	if (r == 0)
		r = txn_leave(jitd->txn, redate(jitd, instant.now, instant.boot));
	if (r < 0)
		audit_log(jitd->audit, "what is dated ahead stays so: %s", strerror(-r));
}
