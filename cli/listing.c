/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/when.h"

static void cleanup_table(struct table *table)
{
	table_done(table);
}

static bool is_state(const struct wire_access *access, const char *state)
{
	return !strcmp(access->state, state);
}

/* ---- one line ---- */

/* "until 16:20:05, 15m left", "lapses in 2h59m", or why it ended. A line that does not fit is left
 * out: STANDING_SIZE holds the longest text of the wire. */
static void what_comes(const struct wire_access *access, int64_t now,
                       char ret_text[static STANDING_SIZE])
{
	char clock[WHEN_SIZE], span[WHEN_SIZE];

	ret_text[0] = '\0';
	if (is_state(access, "active") && access->until) {
		when_clock(access->until, now, clock);
		when_span(access->until - now, span);
		best_effort(text_format(ret_text, STANDING_SIZE, "until %s, %s left", clock, span));
	} else if (is_state(access, "pending") && access->lapses) {
		when_span(access->lapses - now, span);
		best_effort(text_format(ret_text, STANDING_SIZE, "lapses in %s", span));
	} else if (*access->ended) {
		best_effort(text_format(ret_text, STANDING_SIZE, "%s", access->ended));
	}
}

void access_standing(const struct wire_access *access, int64_t now,
                     char ret_text[static STANDING_SIZE])
{
	const char *join = is_state(access, "active")    ? " "
	                   : is_state(access, "pending") ? ", "
	                                                 : ": ";
	char coming[STANDING_SIZE];

	what_comes(access, now, coming);
	if (!strncmp(coming, access->state, strlen(access->state))) /* "revoked by bob" */
		best_effort(text_format(ret_text, STANDING_SIZE, "%s", coming));
	else if (text_format(ret_text, STANDING_SIZE, "%s%s%s", access->state, *coming ? join : "",
	                     coming) < 0)
		best_effort(text_format(ret_text, STANDING_SIZE, "%s", access->state));
}

void access_next(const struct wire_access *access, char ret_text[static NEXT_SIZE])
{
	ret_text[0] = '\0';
	if (is_state(access, "active") && access->elsewhere)
		(void)snprintf(ret_text, NEXT_SIZE, "get a token: jit token %u", access->id);
	else if (is_state(access, "active") && !strcmp(access->present, "typed"))
		(void)snprintf(ret_text, NEXT_SIZE, "get a code: jit token %u --code", access->id);
}

/* ---- tables ---- */

enum column { COLUMN_ID, STATE, SUBJECT, SCOPE, LENGTH, ASKED, NOTE, REASON, COLUMNS };

static const char *const headings[COLUMNS] = {
        [COLUMN_ID] = "ID", [STATE] = "STATE",     [SUBJECT] = "SUBJECT", [SCOPE] = "SCOPE",
        [LENGTH] = "FOR",   [ASKED] = "REQUESTED", [NOTE] = "NOTE",       [REASON] = "REASON",
};

/* Columns of each listing, in order; the last is the one without a bound. */
static const struct layout {
	size_t count;
	enum column columns[TABLE_COLUMNS];
} layouts[] = {
        [LISTING_MINE] = {6, {COLUMN_ID, STATE, SCOPE, LENGTH, ASKED, NOTE}},
        [LISTING_ALL] = {7, {COLUMN_ID, STATE, SUBJECT, SCOPE, LENGTH, ASKED, NOTE}},
        [LISTING_PENDING] = {7, {COLUMN_ID, SUBJECT, SCOPE, LENGTH, ASKED, NOTE, REASON}},
};

static size_t approvals_of(const struct access_record *record)
{
	size_t count = 0;

	for (size_t i = 0; i < record->decision_count; i++)
		count += !strcmp(record->decisions[i].verdict, "approve");
	return count;
}

/* Where it does not fit it is left out; `show` has it. */
static void add_key(const struct wire_access *access, char text[static STANDING_SIZE])
{
	size_t used = strlen(text);

	best_effort(text_format(text + used, STANDING_SIZE - used, "%sssh key %s", used ? ", " : "",
	                        access->user_key));
}

/* What comes, led by "1 of 2 approvals" where one is not enough, and in one's own listing followed
 * by what to type. */
static void note_of(const struct access_record *record, int64_t now, bool mine,
                    char ret_text[static STANDING_SIZE])
{
	const struct wire_access *access = &record->access;
	char coming[STANDING_SIZE], next[NEXT_SIZE];

	what_comes(access, now, coming);
	access_next(access, next);
	if (mine && *next &&
	    text_format(ret_text, STANDING_SIZE, "%s%s%s", coming, *coming ? "; " : "", next) == 0)
		return;
	if (!is_state(access, "pending") || access->approvals_needed < 2 ||
	    text_format(ret_text, STANDING_SIZE, "%zu of %u approvals%s%s", approvals_of(record),
	                access->approvals_needed, *coming ? ", " : "", coming) < 0)
		memcpy(ret_text, coming, STANDING_SIZE);
	if (is_state(access, "pending") && *access->user_key)
		add_key(access, ret_text);
}

static int add_record(struct table *table, enum listing listing, const struct access_record *record,
                      int64_t now)
{
	const struct layout *layout = &layouts[listing];
	const struct wire_access *access = &record->access;
	char id[16], length[WHEN_SIZE], asked[WHEN_SIZE], note[STANDING_SIZE];
	const char *const cells[COLUMNS] = {
	        [COLUMN_ID] = id,        [STATE] = access->state,   [SUBJECT] = access->subject,
	        [SCOPE] = access->scope, [LENGTH] = length,         [ASKED] = asked,
	        [NOTE] = note,           [REASON] = access->reason,
	};
	const char *row[TABLE_COLUMNS] = {NULL};

	(void)snprintf(id, sizeof(id), "%u", access->id);
	format_duration(access->seconds, length);
	when_clock(access->requested, now, asked);
	note_of(record, now, listing == LISTING_MINE, note);
	for (size_t i = 0; i < layout->count; i++)
		row[i] = cells[layout->columns[i]];
	return table_row(table, row);
}

static int print_table(const struct access_list *list, enum listing listing)
{
	const struct layout *layout = &layouts[listing];
	cleanup(cleanup_table) struct table table = {0};
	const char *row[TABLE_COLUMNS] = {NULL};
	int r;

	for (size_t i = 0; i < layout->count; i++)
		row[i] = headings[layout->columns[i]];
	r = table_begin(&table, row, layout->count);
	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = add_record(&table, listing, &list->items[i], (int64_t)time(NULL));
	if (r == 0)
		table_print(stdout, &table);
	return r;
}

static int print_json(const struct access_list *list)
{
	struct json_array array = {.to = stdout};
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = json_access(&array, &list->items[i]);
	if (r == 0)
		json_end(&array);
	return r;
}

enum exit_code listing_print(const struct invocation *in, const struct access_list *list,
                             enum listing listing, bool json, const char *empty)
{
	int r = 0;

	if (json)
		r = print_json(list);
	else if (list->count)
		r = print_table(list, listing);
	else
		printf("%s\n", empty);
	return r == 0 ? EXIT_DONE : give_up(in, EXIT_REFUSED, "internal error: %s", strerror(-r));
}

/* ---- one in full ---- */

static void print_line(const char *name, const char *value)
{
	if (*value)
		printf("  %-10s %s\n", name, value);
}

static void print_time(const char *name, int64_t at, int64_t now)
{
	char text[WHEN_SIZE];

	when_clock(at, now, text);
	print_line(name, text);
}

static void print_decisions(const struct access_record *record, int64_t now)
{
	for (size_t i = 0; i < record->decision_count; i++) {
		const struct wire_decision *decision = &record->decisions[i];
		char at[WHEN_SIZE];
		when_clock(decision->at, now, at);
		printf("  %-10s %s at %s%s%s\n", decision->verdict, decision->by, at,
		       *decision->comment ? ": " : "", decision->comment);
	}
}

static void print_sessions(const struct access_record *record, int64_t now)
{
	for (size_t i = 0; i < record->session_count; i++) {
		const struct wire_session *session = &record->sessions[i];
		char since[WHEN_SIZE], ended[WHEN_SIZE];
		when_clock(session->since, now, since);
		when_clock(session->ended, now, ended);
		printf("  %-10s %s: %s as %s%s%s, pid %u, %s to %s\n", "session", session->id,
		       session->service, session->account, *session->tty ? " on " : "",
		       session->tty, session->pid, since, *ended ? ended : "now");
	}
}

/* Where it came from, if a token asked for it. */
static void print_origin(const struct wire_access *access, int64_t now)
{
	char via[sizeof(access->via) + sizeof(access->issuer) + 64], number[32] = "";

	if (!*access->via)
		return;
	if (access->foreign)
		(void)snprintf(number, sizeof(number), ", access %u there", access->foreign);
	(void)snprintf(via, sizeof(via), "%s, by a token of %s%s", access->via, access->issuer,
	               number);
	print_line("via", via);
	print_time("ends", access->ends, now);
}

static void print_keep(int64_t seconds)
{
	char length[DURATION_SIZE], text[DURATION_SIZE + 40];

	if (!seconds)
		return;
	format_duration(seconds, length);
	(void)snprintf(text, sizeof(text), "its sessions go on for %s at most", length);
	print_line("at end", text);
}

static void print_in_full(const struct access_record *record, int64_t now)
{
	const struct wire_access *access = &record->access;
	char standing[STANDING_SIZE], length[DURATION_SIZE], uses[32] = "", needed[64] = "";
	char asked[DURATION_SIZE], lasts[2 * DURATION_SIZE + 16], enough[64] = "";
	char next[NEXT_SIZE], present[sizeof(access->present) + NEXT_SIZE + 4];

	access_standing(access, now, standing);
	format_duration(access->seconds, length);
	format_duration(access->asked, asked);
	(void)snprintf(lasts, sizeof(lasts), "%s%s%s%s", length,
	               access->asked > access->seconds ? " (" : "",
	               access->asked > access->seconds ? asked : "",
	               access->asked > access->seconds ? " asked)" : "");
	if (access->uses_left >= 0)
		(void)snprintf(uses, sizeof(uses), "%lld", (long long)access->uses_left);
	if (access->approvals_needed)
		(void)snprintf(needed, sizeof(needed), "%zu of %u", approvals_of(record),
		               access->approvals_needed);
	if (access->denials_needed > 1)
		(void)snprintf(enough, sizeof(enough), "%zu of %u",
		               record->decision_count - approvals_of(record),
		               access->denials_needed);
	access_next(access, next);
	(void)snprintf(present, sizeof(present), "%s%s%s", access->present, *next ? "; " : "",
	               next);
	printf("access %u %s\n", access->id, standing);
	print_line("subject", access->subject);
	print_line("scope", access->scope);
	print_line("for", lasts);
	print_line("host", access->host);
	print_origin(access, now);
	print_line("rule", access->rule);
	print_line("reason", access->reason);
	print_line("ticket", access->ticket);
	print_time("requested", access->requested, now);
	print_line("approvers", access->approvers);
	print_line("approvals", needed);
	print_line("denials", enough);
	print_decisions(record, now);
	print_time("decided", access->decided, now);
	print_time("from", access->from, now);
	print_time("until", access->until, now);
	print_keep(access->keep);
	print_line("uses left", uses);
	print_line("present", present);
	print_line("ssh key", access->user_key);
	print_line("digest", access->digest);
	print_sessions(record, now);
}

enum exit_code access_print(const struct invocation *in, const struct access_record *record,
                            bool json)
{
	int r = 0;

	if (json)
		r = json_access_alone(stdout, record);
	else
		print_in_full(record, (int64_t)time(NULL));
	return r == 0 ? EXIT_DONE : give_up(in, EXIT_REFUSED, "internal error: %s", strerror(-r));
}
