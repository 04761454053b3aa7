/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object, read strictly and within bounds; json.c is the only file that calls jansson.
 * Refused: duplicate members, also behind \u escapes (T14), NUL, text that is not UTF-8, anything
 * after the object, anything that is not an object, and more depth or width than stated here (T25).
 */
#ifndef JIT_TOKEN_JSON_H
#define JIT_TOKEN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DOCUMENT_DEPTH   16 /* objects and arrays inside one another, the outermost counted */
#define DOCUMENT_MEMBERS 64 /* of each object and each array */

struct json_t;
struct document {
	struct json_t *root;
};

enum {
	DOCUMENT_MALFORMED = 1, /* not a strict JSON object */
	DOCUMENT_ABSENT,        /* no such member */
	DOCUMENT_TYPE,          /* the member has another JSON type */
	DOCUMENT_BOUNDS,        /* too deep, wide, long, large, small; empty; not clean text */
	DOCUMENT_OTHER,         /* well-formed, but not what was asked for */
	DOCUMENT_AMBIGUOUS,     /* a path leads to several members */
};

/* 0, DOCUMENT_MALFORMED (for want of memory too: jansson tells that apart at few places) or
 * DOCUMENT_BOUNDS. Release with document_done(). */
must_check int document_parse(const void *bytes, size_t length, struct document *ret_document);
void document_done(struct document *document); /* takes an empty one; for cleanup() */

/* 0, or DOCUMENT_OTHER when there is a member that is not among `names`. */
must_check int document_members_among(const struct document *document, const char *const *names,
                                      size_t count);

/* Clean text of 1 to size - 1 bytes, NUL-terminated in ret_text (T15). 0, DOCUMENT_ABSENT,
 * DOCUMENT_TYPE or DOCUMENT_BOUNDS. */
must_check int document_text(const struct document *document, const char *name, char *ret_text,
                             size_t size);

/* An integer, never a float that looks like one (T16), in min..max. Results as document_text(). */
must_check int document_integer(const struct document *document, const char *name, int64_t min,
                                int64_t max, int64_t *ret_number);

bool document_has(const struct document *document, const char *name);

/* How long the member is that is an array. 0, DOCUMENT_ABSENT or DOCUMENT_TYPE. */
must_check int document_list(const struct document *document, const char *name, size_t *ret_count);

/* An object in that array; else as document_object(). */
must_check int document_list_object(const struct document *document, const char *name, size_t index,
                                    struct document *ret_object);

/* The member that is an object. It is part of `document` and lives as long: never document_done().
 * 0, DOCUMENT_ABSENT or DOCUMENT_TYPE. */
must_check int document_object(const struct document *document, const char *name,
                               struct document *ret_object);

/* Is the member `wanted`, or an array of clean texts of which one is `wanted`, byte for byte?
 * Results as document_text(), or DOCUMENT_OTHER when it is well-formed and does not hold it. */
must_check int document_holds(const struct document *document, const char *name,
                              const char *wanted);

/*
 * A path is the name of a member, or names divided by dots that lead into objects. Where members
 * have dots in their own names, each way to divide it is tried: DOCUMENT_AMBIGUOUS where several
 * lead to a member, DOCUMENT_BOUNDS where the path is longer than this.
 */
#define DOCUMENT_PATH_MAX 255

/* As document_text(). */
must_check int document_text_at(const struct document *document, const char *path, char *ret_text,
                                size_t size);

/* Is the member at `path` the string `wanted`, an array of clean texts that holds it, or a boolean
 * or an integer that JSON writes so? Results as document_holds(). */
must_check int document_says(const struct document *document, const char *path, const char *wanted);

/* The value at `path` as JSON in ASCII, for people: cut, or "" where there is none. */
void document_print(const struct document *document, const char *path, char *ret_text, size_t size);

#endif
