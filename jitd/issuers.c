/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/issuers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "jitd/audit.h"

#define UNSETTLED                                                                                  \
	2 /* seconds: more than any file system's clock is coarse, and jitd's clock off            \
	   */

struct issuer_keys {
	unsigned int held;
	struct keyset *set;
};

struct issuer {
	const struct trust *trust;
	struct issuer_keys *keys;  /* NULL: none */
	struct stat seen;          /* as it was when it was read */
	bool settled;              /* `seen` tells whether it has changed */
	char digest[KEY_HEX_SIZE]; /* of the text that the keys are from */
	struct fault told;         /* the last refusal that was told; "": the file is good */
};

struct issuers {
	struct issuer *items;
	size_t count;
	uid_t owner; /* whose the files may be besides root's */
};

struct telling {
	struct issuer *issuer;
	issuers_told *told;
	void *context;
	int result;
};

/* ---- keys ---- */

struct issuer_keys *issuer_keys_release(struct issuer_keys *keys)
{
	if (!keys || --keys->held)
		return NULL;
	keyset_free(keys->set);
	free(keys);
	return NULL;
}

const struct keyset *issuer_keyset(const struct issuer_keys *keys)
{
	return keys->set;
}

struct issuer_keys *issuers_hold(struct issuers *issuers, size_t index, const char *kid)
{
	struct issuer_keys *keys = issuers->items[index].keys;

	if (!keys || !keyset_find(keys->set, kid, strlen(kid)))
		return NULL;
	keys->held++;
	return keys;
}

/* Takes the set over. */
static int replace_keys(struct issuer *issuer, struct keyset *set)
{
	struct issuer_keys *keys = set ? calloc(1, sizeof(*keys)) : NULL;

	if (set && !keys) {
		keyset_free(set);
		return -ENOMEM;
	}
	if (keys)
		*keys = (struct issuer_keys){.held = 1, .set = set};
	issuer_keys_release(issuer->keys);
	issuer->keys = keys;
	return 0;
}

static size_t count_keys(const struct issuer *issuer)
{
	size_t count = 0;

	while (issuer->keys && keyset_at(issuer->keys->set, count))
		count++;
	return count;
}

/* ---- what is told ---- */

static void tell(struct telling *telling, enum issuer_news news, const char *text)
{
	char line[2 * FAULT_SIZE];

	if (telling->result)
		return;
	best_effort(text_format(line, sizeof(line), "%s: %s", telling->issuer->trust->name, text));
	telling->result = telling->told(telling->context, news, line);
}

static void skipped(void *context, const char *line)
{
	tell(context, ISSUER_REMARK, line);
}

static void tell_keys(struct telling *telling)
{
	size_t count = count_keys(telling->issuer);
	char text[FAULT_SIZE];

	best_effort(text_format(text, sizeof(text), "%zu key%s of %s", count, count == 1 ? "" : "s",
	                        telling->issuer->trust->jwks));
	tell(telling, ISSUER_READ, text);
}

static void tell_refusal(struct telling *telling, const struct fault *fault)
{
	struct issuer *issuer = telling->issuer;
	size_t count = count_keys(issuer);
	char text[FAULT_SIZE + 64];

	if (!strcmp(issuer->told.text, fault->text))
		return;
	issuer->told = *fault;
	if (count)
		best_effort(text_format(text, sizeof(text), "%s; the %zu key%s read before stay",
		                        fault->text, count, count == 1 ? "" : "s"));
	else
		best_effort(text_format(text, sizeof(text), "%s; it has no keys", fault->text));
	tell(telling, ISSUER_REFUSED, text);
}

/* ---- a file ---- */

static int check_directory(const struct issuers *issuers, const char *path, struct fault *fault)
{
	const struct file_rule rule = {.owner = issuers->owner, .forbidden = 022};
	char directory[TRUST_TEXT_MAX + 1];
	size_t length = (size_t)(strrchr(path, '/') - path);

	/* who may write there may put another file in its place */
	if (text_format(directory, sizeof(directory), "%.*s", (int)(length ? length : 1), path) < 0)
		return fault_set(fault, -ENAMETOOLONG, "%s: path too long", path);
	return directory_check(directory, &rule, fault);
}

static int read_text(const struct issuers *issuers, const char *path, char **ret_text,
                     size_t *ret_length, struct fault *fault)
{
	const struct file_rule rule = {
	        .owner = issuers->owner, .forbidden = 022, .size_max = JWKS_MAX};
	int r = check_directory(issuers, path, fault);

	return r < 0 ? r : file_read(path, &rule, ret_text, ret_length, fault);
}

static unsigned int key_bits(unsigned int algorithms)
{
	return (algorithms & TRUST_ES256 ? KEY_BIT(KEY_ES256) : 0U) |
	       (algorithms & TRUST_RS256 ? KEY_BIT(KEY_RS256) : 0U);
}

/* Puts the keys of the text in force, unless they are. */
static int take_text(struct telling *telling, const char *text, size_t length, struct fault *fault)
{
	struct issuer *issuer = telling->issuer;
	const struct jwks_report report = {skipped, telling};
	char digest[KEY_HEX_SIZE];
	struct keyset *set = NULL;
	struct fault cause = {.text = ""};
	int r = key_sha256_hex(text, length, digest);

	if (r == 0 && issuer->keys && !strcmp(digest, issuer->digest) && !issuer->told.text[0])
		return 0;
	if (r == 0)
		r = keyset_read_jwks(text, length, key_bits(issuer->trust->algorithms), &report,
		                     &set, &cause);
	if (r == 0)
		r = replace_keys(issuer, set);
	if (r < 0)
		return fault_set(fault, r, "%.255s: %s", issuer->trust->jwks,
		                 cause.text[0] ? cause.text : strerror(-r));
	memcpy(issuer->digest, digest, sizeof(digest));
	issuer->told.text[0] = '\0';
	tell_keys(telling);
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Was it the same before and after it was read, and for long enough that the next change shows? */
static void remember(struct issuer *issuer, const struct stat *before)
{
	struct stat after;
	struct timespec now;

	issuer->seen = *before;
	issuer->settled = lstat(issuer->trust->jwks, &after) == 0 && same_file(before, &after) &&
	                  clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	                  now.tv_sec - after.st_ctim.tv_sec > UNSETTLED;
}

static void read_file(struct issuers *issuers, struct telling *telling, const struct stat *found)
{
	struct issuer *issuer = telling->issuer;
	cleanup(cleanup_free) char *text = NULL;
	struct fault fault = {.text = ""};
	size_t length = 0;
	int r = read_text(issuers, issuer->trust->jwks, &text, &length, &fault);

	if (r == 0)
		r = take_text(telling, text, length, &fault);
	if (r < 0)
		tell_refusal(telling, &fault);
	remember(issuer, found);
}

/* What cannot be looked at may be there: only what surely is gone takes its keys along. */
static void missing(struct telling *telling, int error)
{
	struct issuer *issuer = telling->issuer;
	struct fault fault;

	issuer->settled = false;
	if (error == ENOENT)
		best_effort(replace_keys(issuer, NULL)); /* nothing is allocated for none */
	fault_set(&fault, 0, "%.255s: %s", issuer->trust->jwks, strerror(error));
	tell_refusal(telling, &fault);
}

int issuers_look(struct issuers *issuers, bool all, issuers_told *told, void *context)
{
	struct telling telling = {.told = told, .context = context};

	for (size_t i = 0; i < issuers->count && !telling.result; i++) {
		struct issuer *issuer = &issuers->items[i];
		struct stat found;
		telling.issuer = issuer;
		if (all) /* whoever asks for it wants to know */
			issuer->told.text[0] = '\0';
		if (lstat(issuer->trust->jwks, &found) < 0)
			missing(&telling, errno);
		else if (all || !issuer->settled || !same_file(&found, &issuer->seen))
			read_file(issuers, &telling, &found);
	}
	return telling.result;
}

/* ---- all of them ---- */

int issuers_new(const struct settings *settings, struct issuers **ret_issuers)
{
	size_t count = settings->trusts.count;
	struct issuers *issuers = calloc(1, sizeof(*issuers));

	if (!issuers)
		return -ENOMEM;
	issuers->owner = settings->owner;
	issuers->items = calloc(count ? count : 1, sizeof(*issuers->items));
	if (!issuers->items) {
		free(issuers);
		return -ENOMEM;
	}
	for (; issuers->count < count; issuers->count++)
		issuers->items[issuers->count].trust = &settings->trusts.items[issuers->count];
	*ret_issuers = issuers;
	return 0;
}

struct issuers *issuers_free(struct issuers *issuers)
{
	for (size_t i = 0; issuers && i < issuers->count; i++)
		issuer_keys_release(issuers->items[i].keys);
	if (issuers)
		free(issuers->items);
	free(issuers);
	return NULL;
}

/* ---- with event and log ---- */

struct log {
	struct jitd *jitd;
	int64_t now;
};

static struct event event_of(enum issuer_news news, const char *line)
{
	bool read = news == ISSUER_READ;

	return (struct event){.event = EVENT_TRUST,
	                      .verdict = read ? "allow" : "deny",
	                      .reason = read ? NULL : "keys",
	                      .text = line};
}

static int write_inside(void *context, enum issuer_news news, const char *line)
{
	const struct log *log = context;
	const struct event event = event_of(news, line);

	if (news != ISSUER_REMARK)
		return audit_append(log->jitd, log->now, &event);
	audit_log(log->jitd->audit, "trust %s", line);
	return 0;
}

static int write_alone(void *context, enum issuer_news news, const char *line)
{
	const struct log *log = context;
	const struct event event = event_of(news, line);

	if (news != ISSUER_REMARK)
		audit_alone(log->jitd, log->now, &event);
	else
		audit_log(log->jitd->audit, "trust %s", line);
	return 0;
}

int issuers_read(struct jitd *jitd, int64_t now, size_t *ret_refused)
{
	struct issuers *issuers = jitd->issuers;
	struct log log = {jitd, now};
	int r = issuers_look(issuers, true, write_inside, &log);

	*ret_refused = 0;
	for (size_t i = 0; i < issuers->count; i++)
		*ret_refused += issuers->items[i].told.text[0] != '\0';
	return r;
}

void issuers_refresh(struct jitd *jitd, int64_t now)
{
	struct log log = {jitd, now};

	best_effort(
	        issuers_look(jitd->issuers, false, write_alone, &log)); /* it goes through all */
}
