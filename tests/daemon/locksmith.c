/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/locksmith.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

const char locksmith_rules[] =
        "defaults { approvals = 0 max = \"1h\" default = \"1h\" }\n"
        "rule \"held\" { who = {\"games\"} scope = {\"sudo:root\"} }\n"
        "rule \"typed\" { who = {\"games\"} scope = {\"login:news\"} present = \"typed\" }\n"
        "rule \"ask\" { who = {\"games\"} scope = {\"su:news\"} approvals = 1\n"
        "approvers = {\"man\"} }\n"
        "rule \"brief\" { who = {\"mail\"} scope = {\"su:root\"} max = \"10m\" default = \"10m\" }\n";

int locksmith_begin(void **state)
{
	return people_begin_with(state, locksmith_rules, LOCKSMITH_SETTINGS);
}

int locksmith_end(void **state)
{
	return people_end(state);
}

struct host *need_locksmith(void **state)
{
	return need_people(state);
}

/* ---- what is said ---- */

struct message rotate_now(void)
{
	return (struct message){.id = MESSAGE_key_change, .key_change = {.change = REKEY_ROTATE}};
}

struct message retire_of(const char *kid)
{
	struct message message = {.id = MESSAGE_key_change, .key_change = {.change = REKEY_RETIRE}};

	assert_int_equal(text_copy(message.key_change.kid, sizeof(message.key_change.kid), kid), 0);
	return message;
}

void rotate_keys(const struct host *host)
{
	const struct message message = rotate_now();

	must_do(host, ROOT, &message);
}

void retire_key(const struct host *host, const char *kid)
{
	const struct message message = retire_of(kid);

	must_do(host, ROOT, &message);
}

/* ---- what is seen ---- */

size_t keys_listed(const struct host *host, struct wire_key ret_rows[static LISTED_MAX])
{
	const struct message message = {.id = MESSAGE_keys};
	struct message row;
	struct link link;
	size_t count = 0;

	link_open(host, CLIENT_SOCKET, SELF, &link);
	link_send(&link, &message);
	while (link_receive(&link, &row) && row.id == MESSAGE_key) {
		assert_true(count < LISTED_MAX);
		ret_rows[count++] = row.key;
	}
	assert_int_equal(row.id, MESSAGE_end);
	link_close(&link);
	return count;
}

struct wire_key key_in(const struct host *host, const char *state)
{
	static struct wire_key rows[LISTED_MAX];
	size_t count = keys_listed(host, rows), found = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].state, state)) {
			found++;
			at = i;
		}
	if (found != 1)
		fail_msg("%zu keys are %s", found, state);
	return rows[at];
}

void expect_key(const struct host *host, const char *kid, const char *state)
{
	if (on_disk(host, "SELECT count(*) FROM key WHERE kid = '%s' AND state = '%s'", kid,
	            state) != 1) {
		host_tell(host);
		fail_msg("key %s is not %s", kid, state);
	}
}

int64_t keys_in(const struct host *host, const char *state)
{
	return on_disk(host, "SELECT count(*) FROM key WHERE state = '%s'", state);
}

struct key_path key_path(const struct host *host, const char *kid, const char *suffix)
{
	struct key_path path;

	assert_int_equal(text_format(path.text, sizeof(path.text), "%s/state/keys/%s%s",
	                             host->directory, kid, suffix),
	                 0);
	return path;
}

bool key_file_is_there(const struct host *host, const char *kid, const char *suffix)
{
	struct key_path path = key_path(host, kid, suffix);

	return access(path.text, F_OK) == 0;
}

size_t key_files(const struct host *host)
{
	struct key_path path = key_path(host, "", "");
	DIR *listing = opendir(path.text);
	size_t count = 0;

	assert_non_null(listing);
	for (const struct dirent *entry; (entry = readdir(listing));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(listing);
	return count;
}

/* ---- what opens ---- */

enum decision sudo_check(const struct host *host, struct message *ret_answer)
{
	const struct message message = check_of(PHASE_ACCOUNT, "games", 1);

	return check(host, &message, ret_answer);
}

enum decision su_check(const struct host *host, struct message *ret_answer)
{
	struct message message = check_of(PHASE_ACCOUNT, "root", 2);

	message.check.uid = MAIL;
	assert_int_equal(text_copy(message.check.service, sizeof(message.check.service), "su"), 0);
	assert_int_equal(text_copy(message.check.ruser, sizeof(message.check.ruser), "mail"), 0);
	return check(host, &message, ret_answer);
}

void sudo_opens(const struct host *host)
{
	struct message answer;

	if (sudo_check(host, &answer) != DECISION_ALLOW)
		fail_msg("refused: %s", answer.verdict.text);
}

void sudo_is_refused(const struct host *host, const char *word)
{
	struct message answer;

	assert_int_equal(sudo_check(host, &answer), DECISION_DENY);
	if (!strstr(answer.verdict.text, word))
		fail_msg("not \"%s\": %s", word, answer.verdict.text);
}

void typed_is_refused(const struct host *host, const char *secret, const char *reason)
{
	const struct message auth = typed_check("login", PHASE_AUTH, "news", 8);

	must_not_open(host, &auth, secret, reason);
}

/* ---- what is on disk ---- */

int64_t key_events(const struct host *host, const char *like)
{
	return on_disk(host, "SELECT count(*) FROM event WHERE event = 'key' AND text LIKE '%s'",
	               like);
}

int64_t tokens_by(const struct host *host, uint32_t access, const char *kid)
{
	return on_disk(host, "SELECT count(*) FROM token WHERE access = %u AND kid = '%s'", access,
	               kid);
}
