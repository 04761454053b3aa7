/* SPDX-License-Identifier: Apache-2.0 */
#include "base/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define RECORD_MAX ((size_t)1 << 20)
#define GROUPS_MAX 65536

/* NSS answers "no such entry" with several codes (getpwnam(3), NOTES). */
static bool means_unknown(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

static int lookup_user(const char *name, uid_t uid, struct passwd *record, char **ret_memory)
{
	for (size_t size = 4096; size <= RECORD_MAX; size *= 2) {
		cleanup(cleanup_free) char *memory = malloc(size);
		struct passwd *found = NULL;
		int error;

		if (!memory)
			return -ENOMEM;
		error = name ? getpwnam_r(name, record, memory, size, &found)
		             : getpwuid_r(uid, record, memory, size, &found);
		if (error == ERANGE)
			continue;
		if (found) {
			*ret_memory = take_ptr(memory);
			return 0;
		}
		return means_unknown(error) ? IDENTITY_UNKNOWN : -error;
	}
	return -ERANGE;
}

static int lookup_group(const char *name, gid_t gid, char ret_name[static NAME_SIZE])
{
	for (size_t size = 4096; size <= RECORD_MAX; size *= 2) {
		cleanup(cleanup_free) char *memory = malloc(size);
		struct group record, *found = NULL;
		int error;

		if (!memory)
			return -ENOMEM;
		error = name ? getgrnam_r(name, &record, memory, size, &found)
		             : getgrgid_r(gid, &record, memory, size, &found);
		if (error == ERANGE)
			continue;
		if (found)
			return text_copy(ret_name, NAME_SIZE, found->gr_name) < 0 ? IDENTITY_UNKNOWN
			                                                          : 0;
		return means_unknown(error) ? IDENTITY_UNKNOWN : -error;
	}
	return -ERANGE;
}

static int group_ids(const struct passwd *record, gid_t **ret_ids, int *ret_count)
{
	int count = 64;

	for (;;) {
		cleanup(cleanup_free) gid_t *ids = calloc((size_t)count, sizeof(*ids));
		int room = count;

		if (!ids)
			return -ENOMEM;
		if (getgrouplist(record->pw_name, record->pw_gid, ids, &count) >= 0) {
			*ret_ids = take_ptr(ids);
			*ret_count = count;
			return 0;
		}
		if (count <= room || count > GROUPS_MAX)
			return -EIO;
	}
}

static int fill_groups(struct identity *identity, const struct passwd *record)
{
	cleanup(cleanup_free) gid_t *ids = NULL;
	int count, r = group_ids(record, &ids, &count);

	if (r < 0)
		return r;
	identity->groups = calloc((size_t)count, sizeof(*identity->groups));
	if (!identity->groups)
		return -ENOMEM;
	for (int i = 0; i < count; i++) {
		r = lookup_group(NULL, ids[i], identity->groups[identity->group_count]);
		if (r < 0)
			return r;
		if (r == 0)
			identity->group_count++;
	}
	return 0;
}

static int identity_lookup(const char *name, uid_t uid, struct identity **ret_identity)
{
	cleanup(cleanup_identity) struct identity *identity = NULL;
	cleanup(cleanup_free) char *memory = NULL;
	struct passwd record;
	int r = lookup_user(name, uid, &record, &memory);

	if (r)
		return r;
	if (!text_is_name(record.pw_name))
		return IDENTITY_UNKNOWN;
	identity = calloc(1, sizeof(*identity));
	if (!identity)
		return -ENOMEM;
	identity->uid = record.pw_uid;
	identity->gid = record.pw_gid;
	r = text_copy(identity->name, sizeof(identity->name), record.pw_name);
	if (r < 0)
		return r;
	r = fill_groups(identity, &record);
	if (r < 0)
		return r;
	*ret_identity = take_ptr(identity);
	return 0;
}

int identity_by_uid(uid_t uid, struct identity **ret_identity)
{
	return identity_lookup(NULL, uid, ret_identity);
}

int identity_by_name(const char *name, struct identity **ret_identity)
{
	struct identity *named;
	int r;

	if (!text_is_name(name))
		return IDENTITY_UNKNOWN;
	r = identity_lookup(name, 0, &named);
	if (r)
		return r;
	/* a second name with the same uid is the same person: the uid's own name counts */
	r = identity_by_uid(named->uid, ret_identity);
	identity_free(named);
	return r;
}

struct identity *identity_copy(const struct identity *identity)
{
	struct identity *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *identity;
	copy->groups = NULL;
	if (!identity->group_count)
		return copy;
	copy->groups = calloc(identity->group_count, sizeof(*copy->groups));
	if (!copy->groups)
		return identity_free(copy);
	memcpy(copy->groups, identity->groups, identity->group_count * sizeof(*copy->groups));
	return copy;
}

struct identity *identity_free(struct identity *identity)
{
	if (identity)
		free(identity->groups);
	free(identity);
	return NULL;
}

bool identity_in_group(const struct identity *identity, const char *group)
{
	for (size_t i = 0; i < identity->group_count; i++)
		if (!strcmp(identity->groups[i], group))
			return true;
	return false;
}

bool identity_named_in(const struct identity *identity, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = names[i];
		if (name[0] == '%' ? identity_in_group(identity, name + 1)
		                   : !strcmp(identity->name, name))
			return true;
	}
	return false;
}

int identity_group_exists(const char *group)
{
	char name[NAME_SIZE];

	return lookup_group(group, 0, name);
}
