/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "cli/cli_test_rows.h"

static struct message access_row(const char *state)
{
	struct message row = {.id = MESSAGE_access};
	struct wire_access *access = &row.access;

	access->id = 42;
	access->approvals_needed = 1;
	access->denials_needed = 1;
	access->seconds = 900;
	access->asked = 900;
	access->requested = ASKED;
	access->uses_left = -1;
	snprintf(access->present, sizeof(access->present), "held");
	snprintf(access->digest, sizeof(access->digest), DIGEST_SHOWN);
	snprintf(access->state, sizeof(access->state), "%s", state);
	snprintf(access->subject, sizeof(access->subject), "alice");
	snprintf(access->scope, sizeof(access->scope), "sudo:root su:postgres");
	snprintf(access->host, sizeof(access->host), "web1");
	snprintf(access->rule, sizeof(access->rule), "ops");
	snprintf(access->approvers, sizeof(access->approvers), "bob %%dba-leads");
	return row;
}

void send_pending(struct play *play)
{
	struct message row = access_row("pending");

	row.access.requested = (int64_t)time(NULL);
	row.access.lapses = row.access.requested + 10800;
	play_send(play, &row);
}

void send_ticket(struct play *play, const char *ticket)
{
	struct message row = access_row("pending");

	snprintf(row.access.reason, sizeof(row.access.reason), "disk full");
	snprintf(row.access.ticket, sizeof(row.access.ticket), "%s", ticket);
	play_send(play, &row);
}

void send_bound(struct play *play, const char *user_key)
{
	struct message row = access_row("pending");

	row.access.lapses = (int64_t)time(NULL) + 10800;
	row.access.keep = 5400;
	snprintf(row.access.user_key, sizeof(row.access.user_key), "%s", user_key);
	play_send(play, &row);
}

void send_active(struct play *play)
{
	struct message row = access_row("active");

	row.access.until = (int64_t)time(NULL) + 905;
	play_send(play, &row);
}

void send_access(struct play *play, uint32_t id, const char *scope, const char *host)
{
	struct message row = access_row("active");

	row.access.id = id;
	row.access.until = (int64_t)time(NULL) + 905;
	snprintf(row.access.scope, sizeof(row.access.scope), "%s", scope);
	snprintf(row.access.host, sizeof(row.access.host), "%s", host);
	play_send(play, &row);
}

void send_elsewhere_for(struct play *play, const char *scope)
{
	struct message row = access_row("active");

	row.access.elsewhere = 1;
	row.access.until = (int64_t)time(NULL) + 905;
	snprintf(row.access.scope, sizeof(row.access.scope), "%s", scope);
	snprintf(row.access.present, sizeof(row.access.present), "typed");
	play_send(play, &row);
}

void send_foreign(struct play *play)
{
	struct message row = access_row("active");

	row.access.until = (int64_t)time(NULL) + 905;
	row.access.foreign = 7;
	row.access.ends = ASKED + 900;
	snprintf(row.access.via, sizeof(row.access.via), "bastion");
	snprintf(row.access.issuer, sizeof(row.access.issuer), "bastion.example.org");
	play_send(play, &row);
}

void send_typed(struct play *play)
{
	struct message row = access_row("active");

	row.access.until = (int64_t)time(NULL) + 905;
	snprintf(row.access.present, sizeof(row.access.present), "typed");
	play_send(play, &row);
}

void send_ended(struct play *play, const char *state, const char *why)
{
	struct message row = access_row(state);

	snprintf(row.access.ended, sizeof(row.access.ended), "%s", why);
	play_send(play, &row);
}

void send_decision(struct play *play, const char *verdict, const char *comment)
{
	struct message row = {.id = MESSAGE_decision, .decision.at = ASKED + 60};

	snprintf(row.decision.by, sizeof(row.decision.by), "bob");
	snprintf(row.decision.verdict, sizeof(row.decision.verdict), "%s", verdict);
	snprintf(row.decision.comment, sizeof(row.decision.comment), "%s", comment);
	play_send(play, &row);
}

void send_session(struct play *play)
{
	struct message row = {.id = MESSAGE_session};

	row.session.access = 42;
	row.session.pid = 1234;
	row.session.since = ASKED + 70;
	snprintf(row.session.id, sizeof(row.session.id), "42-1");
	snprintf(row.session.subject, sizeof(row.session.subject), "alice");
	snprintf(row.session.service, sizeof(row.session.service), "sudo");
	snprintf(row.session.account, sizeof(row.session.account), "root");
	play_send(play, &row);
}

void send_done(struct play *play, uint32_t access, const char *text)
{
	struct message row = {.id = MESSAGE_done, .done.access = access};

	snprintf(row.done.text, sizeof(row.done.text), "%s", text);
	play_send(play, &row);
}

void send_minted(struct play *play, uint32_t access, bool code, const char *secret,
                 const char *text)
{
	struct message row = {.id = MESSAGE_minted};

	row.minted.access = access;
	row.minted.code = code;
	row.minted.expires = ASKED + 300;
	snprintf(row.minted.secret, sizeof(row.minted.secret), "%s", secret);
	snprintf(row.minted.text, sizeof(row.minted.text), "%s", text);
	play_send(play, &row);
}

void send_refused(struct play *play, const char *text)
{
	struct message row = {.id = MESSAGE_refused};

	snprintf(row.refused.text, sizeof(row.refused.text), "%s", text);
	play_send(play, &row);
}

void send_step(struct play *play, const char *name, const char *verdict, const char *text)
{
	struct message row = {.id = MESSAGE_step};

	snprintf(row.step.name, sizeof(row.step.name), "%s", name);
	snprintf(row.step.verdict, sizeof(row.step.verdict), "%s", verdict);
	snprintf(row.step.text, sizeof(row.step.text), "%s", text);
	play_send(play, &row);
}

void send_counter(struct play *play, const char *name, const char *value)
{
	struct message row = {.id = MESSAGE_counter};

	snprintf(row.counter.name, sizeof(row.counter.name), "%s", name);
	snprintf(row.counter.value, sizeof(row.counter.value), "%s", value);
	play_send(play, &row);
}

void finish_with(struct play *play, int code, const char *out, const char *err)
{
	int got = play_finish(play);

	if (got != code)
		fail_msg("exit code %d instead of %d: %s%s", got, code, play->out, play->err);
	if (out && !strstr(play->out, out))
		fail_msg("stdout: '%s' is not in: %s", out, play->out);
	if (err && !strstr(play->err, err))
		fail_msg("stderr: '%s' is not in: %s", err, play->err);
	if (!out)
		assert_string_equal(play->out, "");
	if (!err)
		assert_string_equal(play->err, "");
}
