/* SPDX-License-Identifier: Apache-2.0 */
#include "token/json.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

static bool within_bounds(json_t *value, size_t depth);

static bool array_within_bounds(json_t *array, size_t depth)
{
	size_t size = json_array_size(array);

	if (depth == 0 || size > DOCUMENT_MEMBERS)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!within_bounds(json_array_get(array, i), depth - 1))
			return false;
	return true;
}

static bool object_within_bounds(json_t *object, size_t depth)
{
	if (depth == 0 || json_object_size(object) > DOCUMENT_MEMBERS)
		return false;
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		if (!within_bounds(json_object_iter_value(at), depth - 1))
			return false;
	return true;
}

/* Recursion ends with `depth`, whatever jansson let through. */
static bool within_bounds(json_t *value, size_t depth)
{
	if (json_is_object(value))
		return object_within_bounds(value, depth);
	return json_is_array(value) ? array_within_bounds(value, depth) : true;
}

int document_parse(const void *bytes, size_t length, struct document *ret_document)
{
	json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(root)) {
		json_decref(root);
		return DOCUMENT_MALFORMED;
	}
	if (!within_bounds(root, DOCUMENT_DEPTH)) {
		json_decref(root);
		return DOCUMENT_BOUNDS;
	}
	ret_document->root = root;
	return 0;
}

void document_done(struct document *document)
{
	json_decref(document->root);
	document->root = NULL;
}

int document_members_among(const struct document *document, const char *const *names, size_t count)
{
	json_t *root = document->root;

	for (void *at = json_object_iter(root); at; at = json_object_iter_next(root, at)) {
		size_t i = 0;
		while (i < count && strcmp(json_object_iter_key(at), names[i]) != 0)
			i++;
		if (i == count)
			return DOCUMENT_OTHER;
	}
	return 0;
}

static bool string_is_clean(const json_t *string)
{
	return text_is_clean(json_string_value(string), json_string_length(string));
}

static int copy_text(const json_t *value, char *ret_text, size_t size)
{
	size_t length;

	if (!value)
		return DOCUMENT_ABSENT;
	if (!json_is_string(value))
		return DOCUMENT_TYPE;
	length = json_string_length(value);
	if (length == 0 || length >= size || !string_is_clean(value))
		return DOCUMENT_BOUNDS;
	memcpy(ret_text, json_string_value(value), length);
	ret_text[length] = '\0';
	return 0;
}

int document_text(const struct document *document, const char *name, char *ret_text, size_t size)
{
	return copy_text(json_object_get(document->root, name), ret_text, size);
}

int document_integer(const struct document *document, const char *name, int64_t min, int64_t max,
                     int64_t *ret_number)
{
	const json_t *value = json_object_get(document->root, name);

	if (!value)
		return DOCUMENT_ABSENT;
	if (!json_is_integer(value))
		return DOCUMENT_TYPE;
	if (json_integer_value(value) < min || json_integer_value(value) > max)
		return DOCUMENT_BOUNDS;
	*ret_number = json_integer_value(value);
	return 0;
}

bool document_has(const struct document *document, const char *name)
{
	return json_object_get(document->root, name) != NULL;
}

int document_list(const struct document *document, const char *name, size_t *ret_count)
{
	const json_t *value = json_object_get(document->root, name);

	if (!value)
		return DOCUMENT_ABSENT;
	if (!json_is_array(value))
		return DOCUMENT_TYPE;
	*ret_count = json_array_size(value);
	return 0;
}

static int borrow(json_t *value, struct document *ret_object)
{
	if (!value)
		return DOCUMENT_ABSENT;
	if (!json_is_object(value))
		return DOCUMENT_TYPE;
	ret_object->root = value;
	return 0;
}

int document_list_object(const struct document *document, const char *name, size_t index,
                         struct document *ret_object)
{
	return borrow(json_array_get(json_object_get(document->root, name), index), ret_object);
}

int document_object(const struct document *document, const char *name, struct document *ret_object)
{
	return borrow(json_object_get(document->root, name), ret_object);
}

static int string_is(const json_t *value, const char *wanted)
{
	size_t length = strlen(wanted);

	if (!json_is_string(value))
		return DOCUMENT_TYPE;
	if (!string_is_clean(value))
		return DOCUMENT_BOUNDS;
	if (json_string_length(value) != length)
		return DOCUMENT_OTHER;
	return memcmp(json_string_value(value), wanted, length) == 0 ? 0 : DOCUMENT_OTHER;
}

static int holds(const json_t *value, const char *wanted)
{
	int result = DOCUMENT_OTHER;

	if (!value)
		return DOCUMENT_ABSENT;
	if (!json_is_array(value))
		return string_is(value, wanted);
	for (size_t i = 0; i < json_array_size(value); i++) {
		int one = string_is(json_array_get(value, i), wanted);
		if (one != 0 && one != DOCUMENT_OTHER)
			return one; /* the whole list is in doubt, also where the wanted one came
			               first */
		if (one == 0)
			result = 0;
	}
	return result;
}

int document_holds(const struct document *document, const char *name, const char *wanted)
{
	return holds(json_object_get(document->root, name), wanted);
}

/* ---- paths ---- */

/* How many members the path leads to; *ret_value is the last of them. It ends: no member is come to
 * in two ways, and each step goes down. */
static size_t find(const json_t *object, const char *path, const json_t **ret_value)
{
	size_t found = 0, end = 0;

	for (;; end++) {
		char name[DOCUMENT_PATH_MAX + 1];
		const json_t *member;

		end += strcspn(path + end, ".");
		memcpy(name, path, end);
		name[end] = '\0';
		member = json_object_get(object, name);
		if (path[end] == '\0') {
			if (member)
				*ret_value = member;
			return found + (member != NULL);
		}
		if (json_is_object(member))
			found += find(member, path + end + 1, ret_value);
	}
}

/* 0 also where there is none: *ret_value is NULL then. */
static int follow(const struct document *document, const char *path, const json_t **ret_value)
{
	*ret_value = NULL;
	if (strnlen(path, DOCUMENT_PATH_MAX + 1) > DOCUMENT_PATH_MAX)
		return DOCUMENT_BOUNDS;
	return find(document->root, path, ret_value) > 1 ? DOCUMENT_AMBIGUOUS : 0;
}

int document_text_at(const struct document *document, const char *path, char *ret_text, size_t size)
{
	const json_t *value;
	int result = follow(document, path, &value);

	return result == 0 ? copy_text(value, ret_text, size) : result;
}

int document_says(const struct document *document, const char *path, const char *wanted)
{
	const json_t *value;
	char number[32];
	int result = follow(document, path, &value);

	if (result != 0)
		return result;
	if (json_is_boolean(value))
		return strcmp(json_is_true(value) ? "true" : "false", wanted) == 0 ? 0
		                                                                   : DOCUMENT_OTHER;
	if (!json_is_integer(value))
		return holds(value, wanted);
	if (text_format(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
	                json_integer_value(value)) != 0)
		return DOCUMENT_BOUNDS;
	return strcmp(number, wanted) == 0 ? 0 : DOCUMENT_OTHER;
}

void document_print(const struct document *document, const char *path, char *ret_text, size_t size)
{
	const json_t *value;
	char whole[4096]; /* what is longer is not for a line */
	size_t used;

	ret_text[0] = '\0';
	if (follow(document, path, &value) != 0)
		return;
	/* 0 for NULL too: there is no such value */
	used = json_dumpb(value, whole, sizeof(whole) - 1,
	                  JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	if (used == 0 || used >= sizeof(whole))
		return;
	whole[used] = '\0';
	text_sanitize(ret_text, size, whole);
}
