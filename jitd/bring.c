/* SPDX-License-Identifier: Apache-2.0 */
/* `jit present`: a token of another issuer, brought in by the person it stands for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "jitd/arrival.h"
#include "policy/ticket.h"

struct bringing {
	struct call *call;
	void (*go_on)(struct call *call);
};

static void known(void *context, struct foreign *foreign)
{
	struct bringing *bringing = context;
	struct call *call = bringing->call;
	void (*go_on)(struct call *) = bringing->go_on;

	free(bringing);
	call->foreign = foreign;
	call_read_clock(call);
	go_on(call);
}

void present_begin(struct call *call, void (*go_on)(struct call *call))
{
	struct bringing *bringing = calloc(1, sizeof(*bringing));

	if (!bringing) {
		go_on(call); /* its handler finds nothing */
		return;
	}
	*bringing = (struct bringing){call, go_on};
	foreign_token_read(call->jitd, call->in.present.text, LANE_CLIENT, NULL, known, bringing);
}

/* ---- no ---- */

static int refuse_token(struct call *call, const struct foreign *foreign)
{
	const char *word = token_reason_word(foreign->token);

	if (foreign->token == TOKEN_REASON_KEY_UNKNOWN)
		return call_refuse(call, word,
		                   "no issuer that this host trusts has the key of that token");
	return call_refuse(call, word, "that token is not taken: %s%s%s%s", word,
	                   foreign->why[0] ? " (" : "", foreign->why, foreign->why[0] ? ")" : "");
}

static int refuse(struct call *call, const struct foreign *foreign, enum reason reason)
{
	bool more = foreign->why[0] && foreign->reason != REASON_NONE;

	if (reason == REASON_TOKEN)
		return refuse_token(call, foreign);
	return call_refuse(call, reason_word(reason), "%s%s%s%s", reason_line(reason),
	                   more ? " (" : "", more ? foreign->why : "", more ? ")" : "");
}

/* ---- yes ---- */

static int check_texts(struct call *call, bool *ret_refused)
{
	const struct wire_present *in = &call->in.present;
	int r = call_check_text(call, "reason", in->reason, REASON_MAX, ret_refused);

	if (r == 0 && !*ret_refused)
		r = call_check_text(call, "ticket", in->ticket, TICKET_MAX, ret_refused);
	return r;
}

/* What was said by the kernel is held against what was signed. */
static int check_subject(struct call *call, const struct foreign *foreign, bool *ret_refused)
{
	*ret_refused = true;
	if (foreign->reason != REASON_NONE)
		return refuse(call, foreign, foreign->reason);
	*ret_refused = foreign->subject->uid != call->caller->uid;
	if (!*ret_refused)
		return 0;
	return call_refuse(call, "subject-mismatch", "that token stands for %s, and you are %s",
	                   foreign->subject->name, call->caller->name);
}

static void answer(struct call *call, const struct wish *wish, uint32_t id)
{
	char until[TIME_SIZE], length[DURATION_SIZE];

	format_time(wish->ends, until);
	format_duration(wish->seconds, length);
	if (!wish->rule->approvals) {
		call->activate = id;
		call_done(call, id, "access %u is active: %s for %s", id, wish->scopes, length);
		return;
	}
	call_done(call, id, "access %u waits for %u approval%s: %s until %s at most (rule %s)", id,
	          wish->rule->approvals, wish->rule->approvals == 1 ? "" : "s", wish->scopes, until,
	          wish->rule->title);
}

static int bring_in(struct call *call, const struct foreign *foreign)
{
	struct wish wish;
	enum reason reason;
	enum wish_result why;
	uint32_t id;
	int r;

	arrival_wish(call->jitd, foreign, call->now, &wish);
	wish.login_uid = call->peer->process.login_uid;
	wish.process = &call->peer->process;
	wish.reason = call->in.present.reason;
	wish.ticket = call->in.present.ticket;
	r = arrival_judge(call->jitd, foreign, &wish, &reason, &why);
	if (r < 0)
		return r;
	if (why != WISH_GOOD)
		return wish_refuse(call, &wish, why);
	if (reason != REASON_NONE)
		return refuse(call, foreign, reason);
	r = arrival_write(call->jitd, foreign, &wish, &id);
	if (r < 0)
		return r;
	answer(call, &wish, id);
	return arrival_tell(call->jitd, foreign, &wish, id, call->peer->process.pid);
}

int handle_present(struct call *call)
{
	const struct foreign *foreign = call->foreign;
	bool refused = false;
	int r = check_texts(call, &refused);

	if (r < 0 || refused)
		return r;
	if (!foreign)
		return -ENOMEM;
	r = check_subject(call, foreign, &refused);
	if (r < 0 || refused)
		return r;
	return bring_in(call, foreign);
}
