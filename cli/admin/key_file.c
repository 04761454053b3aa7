/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/key_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_MAX  ((size_t)1 << 20) /* bytes */
#define PEM_BEGIN "-----BEGIN "

/* One PEM block and what surrounds it, which key_from_public_pem() judges. */
static int add_key(struct keyset *keys, const char *from, size_t length, struct fault *fault)
{
	cleanup(cleanup_free) char *pem = strndup(from, length);
	cleanup(cleanup_key) struct key *key = NULL;
	int r = pem ? key_from_public_pem(pem, &key, fault) : -ENOMEM;

	if (r < 0)
		return r;
	r = keyset_add(keys, key, INT64_MIN, INT64_MAX, false);
	if (r == 0)
		key = NULL;
	return r == -EEXIST ? 0 : r; /* the same key twice */
}

static int read_pem(const char *text, struct keyset **ret_keys, struct fault *fault)
{
	cleanup(cleanup_keyset) struct keyset *keys = keyset_new();
	struct fault cause = {""};
	size_t number = 0;
	int r = keys ? 0 : -ENOMEM;

	for (const char *from = text, *next; r == 0 && from; from = next) {
		next = *from ? strstr(from + 1, PEM_BEGIN) : NULL;
		r = add_key(keys, from, next ? (size_t)(next - from) : strlen(from), &cause);
		number++;
	}
	if (r < 0)
		return fault_set(fault, r, "key %zu: %s", number,
		                 *cause.text ? cause.text : strerror(-r));
	*ret_keys = take_ptr(keys);
	return 0;
}

struct notes {
	const struct invocation *in;
	const char *path;
};

static void warn_skipped(void *context, const char *line)
{
	const struct notes *notes = context;

	fprintf(stderr, "%s: warning: %s: %s\n", notes->in->tool->name, notes->path, line);
}

static bool is_json(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '{';
}

enum exit_code key_file_read(const struct invocation *in, const char *path,
                             struct keyset **ret_keys)
{
	const struct file_rule rule = {.owner = geteuid(), .forbidden = 022, .size_max = FILE_MAX};
	cleanup(cleanup_free) char *text = NULL;
	struct notes notes = {in, path};
	const struct jwks_report report = {warn_skipped, &notes};
	struct fault fault = {""};
	size_t length;
	int r = file_read(path, &rule, &text, &length, &fault);

	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s", fault.text);
	if (is_json(text))
		r = keyset_read_jwks(text, length, KEY_BIT(KEY_ES256) | KEY_BIT(KEY_RS256), &report,
		                     ret_keys, &fault);
	else
		r = read_pem(text, ret_keys, &fault);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s: %s", path,
		               *fault.text ? fault.text : strerror(-r));
	return EXIT_DONE;
}
