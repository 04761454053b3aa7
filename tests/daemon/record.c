/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/record.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct reader {
	struct sqlite3 *sqlite;
	sqlite3_stmt *row, *words, *events;
	uid_t first_approver;
};

static sqlite3_stmt *prepare(struct sqlite3 *sqlite, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v3(sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
	    SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(sqlite));
	return statement;
}

struct reader *records_open(const struct host *host, uid_t first_approver)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	assert_non_null(reader);
	reader->first_approver = first_approver;
	reader->sqlite = reader_open(host);
	reader->row = prepare(reader->sqlite,
	                      "SELECT state, seconds, coalesce(from_, 0), coalesce(until, 0), "
	                      "coalesce(ended, ''), "
	                      "(SELECT count(*) FROM token WHERE access = a.id), "
	                      "(SELECT count(*) FROM token WHERE access = a.id AND iat = a.from_ "
	                      "AND exp = a.until) FROM access a WHERE id = ?1");
	reader->words = prepare(
	        reader->sqlite,
	        "SELECT uid, verdict = 'approve', digest <> ?2 FROM decision WHERE access = ?1");
	reader->events = prepare(reader->sqlite,
	                         "SELECT event, actor, reason, text FROM event WHERE access = ?1 "
	                         "ORDER BY id");
	return reader;
}

void records_close(struct reader *reader)
{
	sqlite3_finalize(reader->row);
	sqlite3_finalize(reader->words);
	sqlite3_finalize(reader->events);
	reader_close(reader->sqlite);
	free(reader);
}

static const char *text_at(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

static enum access_state state_of(const char *word)
{
	for (int state = STATE_PENDING; state <= STATE_LAPSED; state++)
		if (!strcmp(access_state_word((enum access_state)state), word))
			return (enum access_state)state;
	return STATE_NONE;
}

static void read_row(struct reader *reader, uint32_t access, struct record *record)
{
	sqlite3_stmt *row = reader->row;

	sqlite3_bind_int64(row, 1, access);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	record->state = state_of(text_at(row, 0));
	record->seconds = sqlite3_column_int64(row, 1);
	record->from = sqlite3_column_int64(row, 2);
	record->until = sqlite3_column_int64(row, 3);
	text_sanitize(record->ended, sizeof(record->ended), text_at(row, 4));
	record->tokens = (unsigned int)sqlite3_column_int(row, 5);
	record->tokens_of_it = (unsigned int)sqlite3_column_int(row, 6);
	sqlite3_reset(row);
}

void record_read(struct reader *reader, uint32_t access, const char *digest,
                 struct record *ret_record)
{
	sqlite3_stmt *words = reader->words;

	*ret_record = (struct record){.state = STATE_NONE};
	read_row(reader, access, ret_record);
	sqlite3_bind_int64(words, 1, access);
	sqlite3_bind_text(words, 2, digest, -1, SQLITE_STATIC);
	while (sqlite3_step(words) == SQLITE_ROW) {
		unsigned int who =
		        (unsigned int)sqlite3_column_int64(words, 0) - reader->first_approver;
		bool yes = sqlite3_column_int(words, 1);
		assert_true(who < MODEL_APPROVERS);
		*(yes ? &ret_record->yes : &ret_record->no) |= 1U << who;
		ret_record->words++;
		ret_record->yes_of_another += yes && sqlite3_column_int(words, 2);
	}
	sqlite3_reset(words);
}

/* ---- the log ---- */

static const struct {
	const char *event;
	enum access_state from, to; /* to NONE: one person's word; from NONE: at any time */
	bool yes;
} legal[] = {
        {"approve", STATE_PENDING, STATE_NONE, true},
        {"deny", STATE_PENDING, STATE_NONE, false},
        {"grant", STATE_PENDING, STATE_ACTIVE, false},
        {"denied", STATE_PENDING, STATE_DENIED, false},
        {"cancelled", STATE_PENDING, STATE_CANCELLED, false},
        {"lapsed", STATE_PENDING, STATE_LAPSED, false},
        {"returned", STATE_ACTIVE, STATE_RETURNED, false},
        {"revoked", STATE_ACTIVE, STATE_REVOKED, false},
        {"expired", STATE_ACTIVE, STATE_EXPIRED, false},
};
#define LEGAL (sizeof(legal) / sizeof(legal[0]))

struct replay {
	const struct story *story;
	enum access_state state;
	unsigned int yes, no;
};

static unsigned int count_of(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

/* Approvers are named "approverN". */
static bool count_word(struct replay *replay, const char *actor, bool yes)
{
	unsigned int bit = 1U << (unsigned int)(actor[strlen("approver")] - '1');

	if (strlen(actor) != strlen("approver1") || bit >= 1U << MODEL_APPROVERS ||
	    (replay->yes | replay->no) & bit)
		return false;
	*(yes ? &replay->yes : &replay->no) |= bit;
	return true;
}

static bool replay_one(struct replay *replay, const char *event, const char *actor)
{
	const struct story *story = replay->story;

	for (size_t i = 0; i < LEGAL; i++) {
		if (strcmp(legal[i].event, event) != 0)
			continue;
		if (legal[i].from != replay->state)
			return false;
		if (legal[i].to == STATE_NONE)
			return count_word(replay, actor, legal[i].yes);
		if (legal[i].to == STATE_ACTIVE && (count_of(replay->yes) < story->approvals ||
		                                    count_of(replay->no) >= story->denials))
			return false;
		if (legal[i].to == STATE_DENIED && count_of(replay->no) < story->denials &&
		    strcmp(actor, "root") != 0)
			return false;
		replay->state = legal[i].to;
		return true;
	}
	return !strcmp(event, "request") || !strcmp(event, "refused");
}

bool record_log_agrees(struct reader *reader, uint32_t access, const struct story *story,
                       const struct record *record, char *ret_why, size_t size)
{
	struct replay replay = {.story = story, .state = STATE_PENDING};
	bool good = true;

	sqlite3_bind_int64(reader->events, 1, access);
	while (good && sqlite3_step(reader->events) == SQLITE_ROW) {
		const char *event = text_at(reader->events, 0);
		const char *actor = text_at(reader->events, 1);
		good = replay_one(&replay, event, actor);
		if (!good)
			(void)snprintf(ret_why, size,
			               "the event \"%s\" of \"%s\" comes when it is %s", event,
			               actor, access_state_word(replay.state));
	}
	sqlite3_reset(reader->events);
	if (good && (replay.state != record->state || replay.yes != record->yes ||
	             replay.no != record->no)) {
		good = false;
		(void)snprintf(
		        ret_why, size,
		        "by its events it is %s, yes %x, no %x; by its rows %s, yes %x, no %x",
		        access_state_word(replay.state), replay.yes, replay.no,
		        access_state_word(record->state), record->yes, record->no);
	}
	return good;
}

void record_print_log(struct reader *reader, uint32_t access)
{
	sqlite3_bind_int64(reader->events, 1, access);
	while (sqlite3_step(reader->events) == SQLITE_ROW)
		print_message("  event %s %s %s \"%s\"\n", text_at(reader->events, 0),
		              text_at(reader->events, 1), text_at(reader->events, 2),
		              text_at(reader->events, 3));
	sqlite3_reset(reader->events);
}
