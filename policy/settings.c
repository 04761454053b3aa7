/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "policy/rules.h"
#include "policy/strings.h"
#include "policy/trust_read.h"

#define SERVICE_MAX    64
#define DIRECTORY_MAX  255
#define SOCKET_DIR_MAX 96 /* with "/jitd.sock" it fits sun_path (unix(7)) */

enum setting_type { SETTING_STRING, SETTING_DURATION, SETTING_NUMBER, SETTING_LIST };

/* How the types of the list stand in the file. */
#define CONF_TYPE_STRING   CONF_STRING
#define CONF_TYPE_DURATION CONF_STRING
#define CONF_TYPE_NUMBER   CONF_NUMBER
#define CONF_TYPE_LIST     CONF_LIST

static const struct conf_key keys[] = {
#define S(name, type, member, fallback) {name, CONF_TYPE_##type},
        SETTINGS(S)
#undef S
#define S(name) {name, CONF_LATER},
                SETTINGS_LATER(S)
#undef S
};

static const struct conf_kind kinds[] = {
        {.name = NULL, .keys = keys, .key_count = sizeof(keys) / sizeof(keys[0])},
        {.name = "trust", .titled = true, .keys = trust_keys, .key_count = TRUST_KEY_COUNT},
        {.name = "break-glass", .later = true},
        {.name = "notification", .later = true},
};

static const struct conf_grammar grammar = {kinds, sizeof(kinds) / sizeof(kinds[0])};

#define FALLBACK_STRING(value)   .text = (value)
#define FALLBACK_LIST(value)     .text = (value)
#define FALLBACK_DURATION(value) .number = (value)
#define FALLBACK_NUMBER(value)   .number = (value)

/* In the order of `keys`. */
static const struct setting {
	enum setting_type type;
	size_t offset;
	const char *text;
	int64_t number;
} rows[] = {
#define S(name, type, member, fallback)                                                            \
	{SETTING_##type, offsetof(struct settings, member), FALLBACK_##type(fallback)},
        SETTINGS(S)
#undef S
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void *member_of(struct settings *settings, const struct setting *row)
{
	return (char *)settings + row->offset;
}

static int set_string(char **where, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	free(*where);
	*where = copy;
	return 0;
}

static int set_defaults(struct settings *settings)
{
	for (size_t i = 0; i < ROWS; i++) {
		void *member = member_of(settings, &rows[i]);
		if (rows[i].type == SETTING_DURATION || rows[i].type == SETTING_NUMBER)
			*(int64_t *)member = rows[i].number;
		if (rows[i].type == SETTING_STRING && set_string(member, rows[i].text) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int set_list(struct strings *list, const struct conf_entry *entry)
{
	for (size_t i = 0; i < entry->values.count; i++) {
		const char *item = entry->values.items[i];
		if (strings_add(list, item, strlen(item)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int set_entry(struct complaints *complaints, const struct conf_entry *entry,
                     struct settings *settings)
{
	const struct setting *row = &rows[entry->key - keys];
	void *member = member_of(settings, row);

	switch (row->type) {
	case SETTING_STRING:
		return set_string(member, entry->values.items[0]);
	case SETTING_DURATION:
		duration_read(complaints, entry, member);
		return 0;
	case SETTING_NUMBER:
		*(int64_t *)member = entry->number;
		return 0;
	case SETTING_LIST:
		return set_list(member, entry);
	}
	return -EINVAL;
}

/* ---- what the values must be: each check gets the entry as written ---- */

typedef void check(struct complaints *complaints, const struct conf_entry *entry);

static void check_host_id(struct complaints *complaints, const struct conf_entry *entry)
{
	const char *id = entry->values.items[0];

	if (!host_name_is_good(id))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is no name of a host; write 1 to %d of A-Z a-z 0-9 . -", id,
		         HOST_MAX);
}

static void check_max_grant(struct complaints *complaints, const struct conf_entry *entry)
{
	int64_t seconds;

	/* a text that is no duration is reported where it is read */
	if (parse_duration(entry->values.items[0], &seconds) == 0 && seconds > SETTINGS_GRANT_MAX)
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is above 12h, and no token lives longer; write \"12h\" or less",
		         entry->values.items[0]);
}

static void check_algorithm(struct complaints *complaints, const struct conf_entry *entry)
{
	const char *name = entry->values.items[0];

	if (strcmp(name, "ES256") != 0 && strcmp(name, SETTINGS_RS256) != 0)
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is no algorithm that jitd signs with; write \"ES256\" or "
		         "\"" SETTINGS_RS256 "\"",
		         name);
}

static void check_requests(struct complaints *complaints, const struct conf_entry *entry)
{
	if (entry->number < 1 || entry->number > SETTINGS_REQUESTS_MAX)
		complain(complaints, entry->line, entry->key->name,
		         "%lld is out of range; write 1 to %d", (long long)entry->number,
		         SETTINGS_REQUESTS_MAX);
}

static void check_names(struct complaints *complaints, const struct conf_entry *entry)
{
	struct strings names = {0};

	/* out of memory shows again when the list is copied */
	if (names_read(complaints, entry, &names) == 0)
		strings_done(&names);
}

static bool is_guarded(const char *service)
{
	static const char *const guarded[] = {"sshd",   "ssh", "sudo", "sudo-i",
	                                      "sudo_i", "su",  "su-l", "login"};

	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++)
		if (!strcmp(service, guarded[i]))
			return true;
	return false;
}

static void check_exempt(struct complaints *complaints, const struct conf_entry *entry)
{
	for (size_t i = 0; i < entry->values.count; i++) {
		const char *service = entry->values.items[i];
		size_t length = strlen(service);
		if (!length || length > SERVICE_MAX || strchr("-.", service[0]) ||
		    strspn(service, "abcdefghijklmnopqrstuvwxyz0123456789._-") != length)
			complain(complaints, entry->line, entry->key->name,
			         "\"%.80s\" is no PAM service; write a name of /etc/pam.d, such as "
			         "\"cron\"",
			         service);
		else if (is_guarded(service))
			complain(complaints, entry->line, entry->key->name,
			         "\"%s\" is a door that is guarded, and cannot be exempt; take it "
			         "out",
			         service);
	}
}

static void check_user(struct complaints *complaints, const struct conf_entry *entry)
{
	const char *user = entry->values.items[0];

	if (!text_is_name(user))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is the name of no user; write for example \"jitd\"", user);
	else if (!strcmp(user, "root"))
		complain(complaints, entry->line, entry->key->name,
		         "jitd does not stay root; write a user of its own, such as \"jitd\"");
}

static void check_directory(struct complaints *complaints, const struct conf_entry *entry)
{
	path_check(complaints, entry, DIRECTORY_MAX);
}

static void check_socket_dir(struct complaints *complaints, const struct conf_entry *entry)
{
	path_check(complaints, entry, SOCKET_DIR_MAX);
}

static const struct {
	const char *key;
	check *check;
} checks[] = {
        {"host-id", check_host_id},      {"max-grant", check_max_grant},
        {"algorithm", check_algorithm},  {"admins", check_names},
        {"auditors", check_names},       {"requests-per-minute", check_requests},
        {"exempt", check_exempt},        {"user", check_user},
        {"state-dir", check_directory},  {"socket-dir", check_socket_dir},
        {"policy-dir", check_directory},
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) == ROWS, "each key has its check");

static void check_entry(struct complaints *complaints, const struct conf_entry *entry)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(checks[i].key, entry->key->name)) {
			checks[i].check(complaints, entry);
			return;
		}
	/* a key that nobody checks must not pass */
	complain(complaints, entry->line, entry->key->name, "not known to this version");
}

/* The one kind of block that there is. */
static int add_trust(struct complaints *complaints, const struct conf_block *block,
                     struct settings *settings)
{
	int r = strings_add(&settings->trust_names, block->title, strlen(block->title));

	return r < 0 ? r : trust_add(complaints, block, &settings->trusts);
}

int settings_parse(const struct policy_source *source, policy_report *report, void *context,
                   struct settings **ret_settings)
{
	struct complaints complaints = {.file = source->name, .report = report, .context = context};
	cleanup(cleanup_settings) struct settings *settings = calloc(1, sizeof(*settings));
	cleanup(cleanup_conf) struct conf *conf = NULL;
	int r = settings ? set_defaults(settings) : -ENOMEM;

	if (r == 0)
		r = conf_read(source->text, &grammar, &complaints, &conf);
	if (r)
		return r;
	for (size_t i = 0; i < conf->blocks[0].count && r == 0; i++) {
		check_entry(&complaints, &conf->blocks[0].entries[i]);
		r = set_entry(&complaints, &conf->blocks[0].entries[i], settings);
	}
	for (size_t i = 1; i < conf->count && r == 0; i++)
		r = add_trust(&complaints, &conf->blocks[i], settings);
	if (r == 0 && complaints.errors)
		r = -EINVAL;
	if (r == 0)
		*ret_settings = take_ptr(settings);
	return r;
}

struct policy_site settings_site(const struct settings *settings)
{
	return (struct policy_site){.max_grant = settings->max_grant,
	                            .rs256 = !strcmp(settings->algorithm, SETTINGS_RS256),
	                            .trusts = &settings->trust_names};
}

struct settings *settings_free(struct settings *settings)
{
	for (size_t i = 0; settings && i < ROWS; i++) {
		void *member = member_of(settings, &rows[i]);
		if (rows[i].type == SETTING_STRING)
			free(*(char **)member);
		if (rows[i].type == SETTING_LIST)
			strings_done(member);
	}
	if (settings) {
		trusts_done(&settings->trusts);
		strings_done(&settings->trust_names);
	}
	free(settings);
	return NULL;
}
