/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "policy/window.h"

CLEANUP_DEFINE(json, json_t *, json_decref)

#define ARRAY_FLAGS JSON_COMPACT
#define ALONE_FLAGS JSON_INDENT(2)

/* The makers give NULL without memory; json_pack("o") and the setters then fail as a whole. */
static json_t *text(const char *value)
{
	return *value ? json_string(value) : json_null();
}

static json_t *instant(int64_t at)
{
	char formatted[TIME_SIZE];

	if (!at)
		return json_null();
	format_time(at, formatted);
	return json_string(formatted);
}

static json_t *number(uint32_t value)
{
	return value ? json_integer((json_int_t)value) : json_null();
}

static json_t *count_or_null(int64_t value)
{
	return value < 0 ? json_null() : json_integer((json_int_t)value);
}

/* "ssh:alice sudo:root" as ["ssh:alice", "sudo:root"] */
static json_t *scopes(const char *list)
{
	cleanup(cleanup_json) json_t *array = json_array();

	while (*list) {
		size_t length = strcspn(list, " ");
		if (length && json_array_append_new(array, json_stringn(list, length)) < 0)
			return NULL;
		list += length;
		list += *list == ' ';
	}
	return take_ptr(array);
}

static json_t *decision_object(const struct wire_decision *decision)
{
	return json_pack("{s:o s:o s:o s:o}", "by", text(decision->by), "verdict",
	                 text(decision->verdict), "at", instant(decision->at), "comment",
	                 text(decision->comment));
}

static json_t *session_object(const struct wire_session *session)
{
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o}", "id",
	                 text(session->id), "access", number(session->access), "subject",
	                 text(session->subject), "service", text(session->service), "account",
	                 text(session->account), "tty", text(session->tty), "rhost",
	                 text(session->rhost), "pid", number(session->pid), "since",
	                 instant(session->since), "until", instant(session->until), "ended",
	                 instant(session->ended), "ending", text(session->ending));
}

static json_t *decisions(const struct access_record *record)
{
	cleanup(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < record->decision_count; i++)
		if (json_array_append_new(array, decision_object(&record->decisions[i])) < 0)
			return NULL;
	return take_ptr(array);
}

static json_t *sessions(const struct access_record *record)
{
	cleanup(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < record->session_count; i++)
		if (json_array_append_new(array, session_object(&record->sessions[i])) < 0)
			return NULL;
	return take_ptr(array);
}

static json_t *access_object(const struct access_record *record)
{
	const struct wire_access *access = &record->access;

	return json_pack(
	        "{s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:I s:I s:o s:o s:o s:o s:o s:o "
	        "s:o s:o s:o s:o s:o s:o}",
	        "id", number(access->id), "state", text(access->state), "subject",
	        text(access->subject), "scopes", scopes(access->scope), "host", text(access->host),
	        "rule", text(access->rule), "reason", text(access->reason), "ticket",
	        text(access->ticket), "requested", instant(access->requested), "decided",
	        instant(access->decided), "from", instant(access->from), "until",
	        instant(access->until), "approvals_needed", (json_int_t)access->approvals_needed,
	        "denials_needed", (json_int_t)access->denials_needed, "asked",
	        count_or_null(access->asked ? access->asked : -1), "decisions", decisions(record),
	        "uses_left", count_or_null(access->uses_left), "present", text(access->present),
	        "digest", text(access->digest), "user_key", text(access->user_key), "sessions",
	        sessions(record), "via", text(access->via), "issuer", text(access->issuer),
	        "foreign", number(access->foreign), "ends", instant(access->ends), "keep",
	        count_or_null(access->keep ? access->keep : -1));
}

static json_t *step_object(const struct wire_step *step)
{
	return json_pack("{s:o s:o s:o}", "name", text(step->name), "verdict", text(step->verdict),
	                 "text", text(step->text));
}

static json_t *key_object(const struct wire_key *key)
{
	return json_pack("{s:o s:o s:o s:o s:o s:o s:o}", "kid", text(key->kid), "algorithm",
	                 text(key->algorithm), "state", text(key->state), "made",
	                 instant(key->made), "not_before", instant(key->not_before), "not_after",
	                 instant(key->not_after), "retired", instant(key->retired));
}

static json_t *event_object(const struct wire_event *event)
{
	return json_pack("{s:I s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:o s:I s:o s:o}", "id",
	                 (json_int_t)event->id, "at", instant(event->at), "event",
	                 text(event->event), "verdict", text(event->verdict), "reason",
	                 text(event->reason), "access", number(event->access), "session",
	                 text(event->session), "subject", text(event->subject), "actor",
	                 text(event->actor), "service", text(event->service), "phase",
	                 text(event->phase), "account", text(event->account), "pid",
	                 number(event->pid), "count", (json_int_t)event->count, "text",
	                 text(event->text), "policy", text(event->policy));
}

/* Takes the object; NULL is a maker that failed. */
static int print_element(struct json_array *array, json_t *made)
{
	cleanup(cleanup_json) json_t *object = made;
	cleanup(cleanup_free) char *dumped = object ? json_dumps(object, ARRAY_FLAGS) : NULL;

	if (!dumped)
		return -ENOMEM;
	fprintf(array->to, "%s%s", array->count++ ? ",\n" : "[\n", dumped);
	return 0;
}

static int print_alone(FILE *to, json_t *made)
{
	cleanup(cleanup_json) json_t *object = made;
	cleanup(cleanup_free) char *dumped = object ? json_dumps(object, ALONE_FLAGS) : NULL;

	if (!dumped)
		return -ENOMEM;
	fprintf(to, "%s\n", dumped);
	return 0;
}

int json_access(struct json_array *array, const struct access_record *record)
{
	return print_element(array, access_object(record));
}

int json_session(struct json_array *array, const struct wire_session *session)
{
	return print_element(array, session_object(session));
}

int json_event(struct json_array *array, const struct wire_event *event)
{
	return print_element(array, event_object(event));
}

int json_key(struct json_array *array, const struct wire_key *key)
{
	return print_element(array, key_object(key));
}

int json_step(struct json_array *array, const struct wire_step *step)
{
	return print_element(array, step_object(step));
}

void json_end(struct json_array *array)
{
	fputs(array->count ? "\n]\n" : "[]\n", array->to);
}

int json_access_alone(FILE *to, const struct access_record *record)
{
	return print_alone(to, access_object(record));
}

static json_t *counter_value(const char *value)
{
	uint64_t digits;

	if (parse_number(value, INT64_MAX, &digits) == 0)
		return json_integer((json_int_t)digits);
	return text(value);
}

int json_counters(FILE *to, const struct wire_counter *counters, size_t count)
{
	cleanup(cleanup_json) json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		if (json_object_set_new(object, counters[i].name,
		                        counter_value(counters[i].value)) < 0)
			return -ENOMEM;
	return print_alone(to, take_ptr(object));
}

/* ---- an answer of the policy ---- */

static json_t *string_or_null(const char *value)
{
	return value ? json_string(value) : json_null();
}

static json_t *groups(const struct identity *subject)
{
	cleanup(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < subject->group_count; i++)
		if (json_array_append_new(array, json_string(subject->groups[i])) < 0)
			return NULL;
	return take_ptr(array);
}

static json_t *moment(const struct moment *at)
{
	char written[MOMENT_SIZE];

	if (!at->known)
		return json_null();
	moment_write(at, written);
	return json_string(written);
}

static json_t *rule_object(const struct explained_rule *explained)
{
	const struct rule *rule = explained->rule;
	bool decides = explained->field == FIELD_ALL;
	char file[PATH_MAX];

	text_sanitize(file, sizeof(file), rule->file); /* JSON is UTF-8, a path need not be */
	return json_pack("{s:s s:s s:I s:o s:o}", "rule", rule->title, "file", file, "line",
	                 (json_int_t)rule->line, "field",
	                 string_or_null(decides ? NULL : rule_field_word(explained->field)), "why",
	                 string_or_null(decides ? NULL : explained->why));
}

static json_t *rules(const struct explanation *explanation)
{
	cleanup(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < explanation->rule_count; i++)
		if (json_array_append_new(array, rule_object(&explanation->rules[i])) < 0)
			return NULL;
	return take_ptr(array);
}

static json_t *names(const struct strings *list)
{
	cleanup(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(array, json_string(list->items[i])) < 0)
			return NULL;
	return take_ptr(array);
}

static json_t *terms(const struct explanation *explanation)
{
	cleanup(cleanup_json) json_t *object = json_object();

	for (size_t i = 0; i < explanation->term_count; i++)
		if (json_object_set_new(object, explanation->terms[i].key,
		                        json_string(explanation->terms[i].value)) < 0)
			return NULL;
	return take_ptr(object);
}

int json_explanation(FILE *to, const struct explanation *explanation)
{
	const struct question *question = explanation->question;
	const struct answer *answer = &explanation->answer;

	return print_alone(
	        to,
	        json_pack("{s:s s:o s:s s:o s:o s:o s:o s:s s:o s:o s:o}", "user",
	                  question->subject->name, "groups", groups(question->subject), "scope",
	                  question->scopes, "host",
	                  string_or_null(question->host ? question->host : question->here),
	                  "command", string_or_null(question->command), "at", moment(&question->at),
	                  "rules", rules(explanation), "effect",
	                  answer->effect == DECISION_ALLOW ? "allow" : "deny", "rule",
	                  string_or_null(answer->rule ? answer->rule->title : NULL), "approvers",
	                  names(&explanation->approvers), "terms", terms(explanation)));
}
