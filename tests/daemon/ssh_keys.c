/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/ssh_keys.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const struct ssh_key key_a = {
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVaz82YBGtEwLeYObGxNIM/X6WhkQObUgSk94uA"
        "5K1W",
        "SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8"};
const struct ssh_key key_b = {
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJe7I+uErmX9oVNfHTXvMBsHm1t5s7yql3pTS0X9"
        "NM33",
        "SHA256:P0S8qvS94H0CgLfo1rVvNzVlliwiKPWQEO4N3miP53E"};
const struct ssh_key key_c = {
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHNH"
        "g/v+WXQY3SUeFBpBz6xdCShrO9/bil1jVQbkiX/oi5O0OvkkJla3XvGyJ5xjpX1dr0FDLyTVYs/k"
        "hFsNnuw=",
        "SHA256:zTu95WedhoaOYTG8ts9uIgEGW6wg/d8sVkZRNn5J6Hs"};
/* of key_a, signed by key_b */
const char key_a_certificate[] =
        "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2g"
        "uY29tAAAAIGntDTNKlsEZsmuXTZyQu5efoSBDMXGpo5MJgv3jXs4kAAAAIOVaz82YBGtEwLeYObG"
        "xNIM/X6WhkQObUgSk94uA5K1WAAAAAAAAAAAAAAABAAAAAmlkAAAACQAAAAVhbGljZQAAAABrC13"
        "YAAAAAH3KMhQAAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1"
        "hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJ"
        "taXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQA"
        "AACCXuyPrhK5l/aFTXx017zAbB5tbebO8qpd6U0tF/TTN9wAAAFMAAAALc3NoLWVkMjU1MTkAAAB"
        "AYM3b/D0OVvmebAuZgZQS5ntuP31Ep5p2HGhpdpnh+ZAA/0W4t5AooGyEZ5+JYvk4THXIOvpEkQA"
        "MbfbezKY2Ag==";

const char ssh_keys_rules[] =
        "defaults { approvals = 0 max = \"1h\" default = \"1h\" }\n"
        "rule \"owner\" { who = {\"news\"} scope = {\"ssh:news\"} }\n"
        "rule \"bound\" { who = {\"games\", \"mail\"} scope = {\"ssh:~\", \"ssh:news\"}\n"
        "bind = {\"ssh-key\"} }\n"
        "rule \"typed\" { who = {\"games\", \"mail\"} scope = {\"ssh:lp\"}\n"
        "bind = {\"ssh-key\"} present = \"typed\" }\n"
        "rule \"at-once\" { who = {\"games\"} scope = {\"ssh:man\"} bind = {\"ssh-key\"} }\n"
        "rule \"asked\" { who = {\"mail\"} scope = {\"ssh:man\"} bind = {\"ssh-key\"}\n"
        "approvals = 1 approvers = {\"daemon\"} }\n"
        "rule \"free\" { who = {\"games\"} scope = {\"sudo:lp\"} }\n";

int ssh_keys_begin(void **state)
{
	const struct message reload = {.id = MESSAGE_reload};
	int r = people_begin(state);

	if (r < 0 || !*state)
		return r;
	host_rules(*state, ssh_keys_rules);
	must_do(*state, ROOT, &reload);
	return 0;
}

struct host *need_ssh_keys(void **state)
{
	return need_people(state);
}

/* ---- accesses ---- */

struct message request_with(const char *scope, const char *fingerprint)
{
	struct message message = request_of(scope, WIRE_DEFAULT, "");

	assert_int_equal(
	        text_copy(message.request.user_key, sizeof(message.request.user_key), fingerprint),
	        0);
	return message;
}

uint32_t must_bind(const struct host *host, struct person person, const char *scope,
                   const struct ssh_key *key)
{
	const struct message message = request_with(scope, key->fingerprint);
	struct message answer;

	say(host, person, &message, &answer);
	if (answer.id != MESSAGE_done)
		fail_msg("refused: %s", answer.refused.text);
	assert_non_null(strstr(answer.done.text, key->fingerprint));
	return answer.done.access;
}

/* ---- logins ---- */

static void add_key(struct message *message, const char *line)
{
	char *text = message->check.auth_info;
	size_t used = strlen(text);

	if (line)
		assert_int_equal(text_format(text + used, sizeof(message->check.auth_info) - used,
		                             "publickey %s\n", line),
		                 0);
}

struct message keyed_check(enum wire_phase phase, const char *user, const char *first,
                           const char *second)
{
	struct message message = ssh_check(phase, user);

	add_key(&message, first);
	add_key(&message, second);
	return message;
}

static void last_text(const struct host *host, const char *sql, char *ret_text, size_t size)
{
	sqlite3 *reader;
	sqlite3_stmt *statement = NULL;

	host_turn(host, false); /* a refusal does not wait for its event */
	reader = reader_open(host);
	assert_int_equal(sqlite3_prepare_v2(reader, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	snprintf(ret_text, size, "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	reader_close(reader);
}

static const char *last_reason(const struct host *host)
{
	static char reason[64];

	last_text(host, "SELECT reason FROM event WHERE event = 'check' ORDER BY id DESC LIMIT 1",
	          reason, sizeof(reason));
	return reason;
}

void last_remark(const struct host *host, char *ret_text, size_t size)
{
	last_text(host, "SELECT text FROM event WHERE event = 'check' ORDER BY id DESC LIMIT 1",
	          ret_text, size);
}

void last_session(const struct host *host, char *ret_text, size_t size)
{
	last_text(host,
	          "SELECT subject || ' ' || account || ' ' || user_key FROM session "
	          "ORDER BY since DESC, access DESC, n DESC LIMIT 1",
	          ret_text, size);
}

const char *by_key(const struct host *host, const char *user, const char *line)
{
	const struct message account = ssh_check(PHASE_ACCOUNT, user),
	                     session = keyed_check(PHASE_OPEN_SESSION, user, line, NULL);
	const char *reason = NULL;
	struct sshd sshd;
	struct talk talk;

	sshd_begin(&sshd);
	if (hook(host, sshd.monitor, &account, NULL, &talk) != DECISION_ALLOW)
		reason = "account";
	else if (hook(host, sshd.monitor, &session, NULL, &talk) != DECISION_ALLOW)
		reason = last_reason(host);
	sshd_end(&sshd);
	return reason;
}

const char *by_key_and_prompt(const struct host *host, const char *user, const char *line,
                              const char *typed, struct talk *ret_talk)
{
	const struct message auth = keyed_check(PHASE_AUTH, user, line, NULL),
	                     account = keyed_check(PHASE_ACCOUNT, user, line, NULL),
	                     session = keyed_check(PHASE_OPEN_SESSION, user, line, NULL);
	const char *reason = NULL;
	struct sshd sshd;
	struct talk talk;

	sshd_begin(&sshd);
	if (hook(host, sshd.child, &auth, typed, ret_talk) != DECISION_ALLOW ||
	    hook(host, sshd.child, &account, NULL, &talk) != DECISION_ALLOW ||
	    hook(host, sshd.monitor, &session, NULL, &talk) != DECISION_ALLOW)
		reason = last_reason(host);
	sshd_end(&sshd);
	return reason;
}
