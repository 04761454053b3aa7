/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a configuration file by a table of its keys. The text passes a strict reader of our own
 * (policy/scan.h) before libconfuse sees it, and the two must agree: libconfuse alone takes keys
 * given twice, octal and hex numbers, += , environment variables, included files and more.
 *
 * No other file and no environment is read. Not for two threads at once: libconfuse's lexer has
 * globals.
 */
#ifndef JIT_POLICY_CONF_H
#define JIT_POLICY_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/complaint.h"

#define CONF_LIST_MAX 256 /* values in a list */
#define CONF_TEXT_MAX ((size_t)1 << 20)

enum conf_type {
	CONF_LATER = 0, /* a key that a later version knows; refused with a line that says so */
	CONF_STRING,    /* in double quotes */
	CONF_LIST,      /* of strings, in braces */
	CONF_NUMBER,    /* decimal digits */
	CONF_BOOL,      /* true or false */
};

struct conf_key {
	const char *name;
	enum conf_type type;
};

/* What a block of one kind may hold: KIND { ... }, or KIND "TITLE" { ... }. */
struct conf_kind {
	const char *name; /* NULL: the file's top level */
	bool titled;
	bool later; /* refused whole, as CONF_LATER */
	const struct conf_key *keys;
	size_t key_count;
};

/* The first kind is the top level. */
struct conf_grammar {
	const struct conf_kind *kinds;
	size_t count;
};

struct conf_entry {
	const struct conf_key *key;
	unsigned int line;
	struct strings values; /* CONF_LIST; CONF_STRING: one */
	int64_t number;        /* CONF_NUMBER; CONF_BOOL: 0 or 1 */
	size_t expected;       /* values that the strict reader counted */
};

struct conf_block {
	const struct conf_kind *kind;
	char *title; /* NULL: none */
	unsigned int line;
	unsigned int nth; /* of its kind in this file, from 0 */
	bool damaged;     /* a key in it was refused: what is missing may have been there */
	struct conf_entry *entries; /* in the order of the file, each key once */
	size_t count;
};

struct conf {
	struct conf_block *blocks; /* the first is the top level */
	size_t count;
};

/* 0 when the text could be read to its end, with each key that was refused on the way reported
 * (look at complaints->errors) and left out. -EINVAL: reported, broken off; -ENOMEM. */
must_check int conf_read(const char *text, const struct conf_grammar *grammar,
                         struct complaints *complaints, struct conf **ret_conf);
struct conf *conf_free(struct conf *conf); /* takes NULL, returns NULL */

static inline void cleanup_conf(struct conf **where)
{
	conf_free(*where);
}

/* NULL: not given. */
const struct conf_entry *conf_find(const struct conf_block *block, const char *key);

#endif
