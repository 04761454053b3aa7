/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/arrival.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/ticket.h"

void arrival_wish(const struct jitd *jitd, const struct foreign *foreign, int64_t now,
                  struct wish *wish)
{
	*wish = (struct wish){.subject = foreign->subject,
	                      .login_uid = LOGIN_UID_NONE,
	                      .host = jitd->host_id,
	                      .reason = "",
	                      .ticket = "",
	                      .via = foreign->trust->name,
	                      .issuer = foreign->claims.iss,
	                      .foreign = foreign->claims.access,
	                      .ends = foreign->ends,
	                      .now = now,
	                      .seconds = WIRE_DEFAULT};
	best_effort(text_copy(wish->scopes, sizeof(wish->scopes), foreign->scopes));
}

static int is_spent(struct jitd *jitd, const struct foreign *foreign, bool *ret_spent)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_TOKEN_GET);
	int r;

	query_text(&query, ":jti", foreign->claims.replay);
	r = query_step(&query);
	*ret_spent = r == QUERY_ROW;
	return r < 0 ? r : 0;
}

static enum reason reason_of(enum wish_result why)
{
	static const enum reason reasons[] = {
	        [WISH_GOOD] = REASON_NONE,
	        [WISH_LOCKED] = REASON_LOCKED,
	        [WISH_HOURLY] = REASON_TOO_MANY,
	        [WISH_HASTY] = REASON_TOO_MANY,
	        [WISH_PENDING] = REASON_TOO_MANY,
	        [WISH_NO_RULE] = REASON_NO_RULE,
	        [WISH_RULE_DENIES] = REASON_RULE_DENIES,
	        [WISH_UNBOUND] = REASON_FOREIGN_BOUND,
	        [WISH_REASON] = REASON_TERMS,
	        [WISH_TICKET] = REASON_TERMS,
	        [WISH_DURATION] = REASON_INTERNAL,
	};

	return reasons[why];
}

int arrival_judge(struct jitd *jitd, const struct foreign *foreign, struct wish *wish,
                  enum reason *ret_reason, enum wish_result *ret_why)
{
	bool spent = true;
	int r = is_spent(jitd, foreign, &spent);

	*ret_why = WISH_GOOD;
	*ret_reason = REASON_BURNED;
	if (r < 0 || spent)
		return r;
	*ret_reason = REASON_EXPIRED;
	if (foreign->ends <= wish->now) /* it was not when it was read */
		return 0;
	r = wish_judge(jitd, wish);
	if (r < 0)
		return r;
	*ret_why = (enum wish_result)r;
	*ret_reason = reason_of(*ret_why);
	return 0;
}

static int spend(struct jitd *jitd, const struct foreign *foreign, uint32_t access, int64_t now)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_TOKEN_SPEND);

	query_number(&query, ":exp", foreign->claims.exp);
	query_text(&query, ":jti", foreign->claims.replay);
	query_number(&query, ":access", access);
	query_text(&query, ":kid", foreign->claims.kid);
	query_number(&query, ":iat", foreign->claims.iat);
	query_number(&query, ":now", now);
	return query_finish(&query);
}

int arrival_write(struct jitd *jitd, const struct foreign *foreign, const struct wish *wish,
                  uint32_t *ret_access)
{
	int r = wish_insert(jitd, wish, ret_access);

	return r < 0 ? r : spend(jitd, foreign, *ret_access, wish->now);
}

int arrival_tell(struct jitd *jitd, const struct foreign *foreign, const struct wish *wish,
                 uint32_t access, pid_t pid)
{
	char text[SCOPES_SIZE + REASON_MAX + TICKET_MAX + 1024], number[32] = "";

	if (foreign->claims.access)
		(void)snprintf(number, sizeof(number), " access %u", foreign->claims.access);
	best_effort(text_format(
	        text, sizeof(text), "%s by rule %s; token of %s%s via %s, jti %s kid %s%s%s%s%s",
	        wish->scopes, wish->rule->title, foreign->claims.iss, number, foreign->trust->name,
	        foreign->claims.replay, foreign->claims.kid, *wish->ticket ? ", ticket " : "",
	        wish->ticket, *wish->reason ? ": " : "", wish->reason));
	return audit_append(jitd, wish->now,
	                    &(struct event){.event = EVENT_REQUEST,
	                                    .access = access,
	                                    .subject = wish->subject->name,
	                                    .pid = pid,
	                                    .text = text});
}
