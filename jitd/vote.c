/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/vote.h"

#include <errno.h>

#include "base/cleanup.h"
#include "jitd/shown.h"

static const struct {
	const char *word;
	enum event_word event;
} words[] = {[VOTE_NO] = {"deny", EVENT_DENY}, [VOTE_YES] = {"approve", EVENT_APPROVE}};

static int insert(struct call *call, uint32_t access, const char *verdict, const char *comment,
                  const char *digest)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_DECISION_INSERT);

	query_number(&query, ":access", access);
	query_number(&query, ":uid", call->caller->uid);
	query_text(&query, ":name", call->caller->name);
	query_text(&query, ":verdict", verdict);
	query_number(&query, ":now", call->now);
	query_text(&query, ":comment", comment);
	query_text(&query, ":digest", digest);
	return query_finish(&query);
}

int vote_write(struct call *call, const struct access *access, enum vote_word word,
               const char *comment, const char *digest)
{
	int r = insert(call, access->id, words[word].word, comment, digest);

	if (r < 0)
		return r;
	call->jitd->accesses_changed = true; /* who waits for it may see how far it is */
	return audit_append(call->jitd, call->now,
	                    &(struct event){.event = words[word].event,
	                                    .access = access->id,
	                                    .subject = access->subject,
	                                    .actor = call->caller->name,
	                                    .actor_uid = call->caller->uid,
	                                    .pid = call->peer->process.pid,
	                                    .text = comment});
}

int votes_of(struct store *store, const struct access *access, struct votes *ret_votes)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_DECISION_COUNT);
	char digest[SHOWN_SIZE];
	int r = shown_digest(access, digest);

	if (r < 0)
		return r;
	query_number(&query, ":access", access->id);
	query_text(&query, ":digest", digest);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	*ret_votes = (struct votes){query_column(&query, 0), query_column(&query, 1)};
	return 0;
}
