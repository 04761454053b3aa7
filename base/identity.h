/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who somebody is on this host: the only file that calls NSS. Calls block for as long as NSS does;
 * jitd makes them on threads of their own (jitd/names).
 */
#ifndef JIT_BASE_IDENTITY_H
#define JIT_BASE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

#define NAME_SIZE 65 /* text_is_name() bounds names to 64 bytes */

/* The canonical name is what NSS answers for the uid. Owned; release with identity_free(). */
struct identity {
	uid_t uid;
	gid_t gid; /* primary group */
	char name[NAME_SIZE];
	size_t group_count;
	char (*groups)[NAME_SIZE]; /* names of all groups, primary first; nameless ones left out */
};

enum {
	IDENTITY_UNKNOWN = 1, /* NSS answered: there is no such user */
};

/* 0, IDENTITY_UNKNOWN, or -errno when NSS failed (which is not "unknown"). */
must_check int identity_by_uid(uid_t uid, struct identity **ret_identity);
must_check int identity_by_name(const char *name, struct identity **ret_identity);

struct identity *identity_copy(const struct identity *identity); /* NULL: no memory */
struct identity *identity_free(struct identity *identity);       /* takes NULL; returns NULL */
bool identity_in_group(const struct identity *identity, const char *group);
/* The uid, or "who" and "%group" among `names` (a list of `count`): is this person named? */
bool identity_named_in(const struct identity *identity, char *const *names, size_t count);

/* 0, IDENTITY_UNKNOWN, or -errno. */
must_check int identity_group_exists(const char *group);

static inline void cleanup_identity(struct identity **where)
{
	identity_free(*where);
}

#endif
