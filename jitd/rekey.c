/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/rekey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "jitd/instant.h"
#include "jitd/key_rows.h"
#include "jitd/revocation.h"

static void drop_files(struct rekey *rekey)
{
	for (size_t i = 0; i < rekey->file_count; i++)
		key_file_done(&rekey->files[i]);
	rekey->file_count = 0;
}

void rekey_done(struct rekey *rekey)
{
	drop_files(rekey);
	rekey->keys = keys_release(rekey->keys);
}

const struct key_record *rekey_changed(const struct rekey *rekey, enum key_change change)
{
	for (size_t i = 0; i < rekey->list.count; i++)
		if (rekey->list.items[i].change == change)
			return &rekey->list.items[i];
	return NULL;
}

int rekey_look(struct rekey *rekey, struct fault *fault)
{
	int r = key_rows_read(rekey->jitd->reader, &rekey->list);

	rekey->wish.now = instant_now(rekey->jitd).now;
	return r < 0 ? fault_set(fault, r, "jitd cannot read its database: %s", strerror(-r)) : 0;
}

/* ---- files ---- */

static bool to_be_retired(const struct rekey *rekey, const struct key_record *key)
{
	return rekey->wish.retire && !strcmp(key->kid, rekey->wish.retire);
}

static int read_files(struct rekey *rekey, struct fault *fault)
{
	for (size_t i = 0; i < rekey->list.count; i++) {
		struct key_record *key = &rekey->list.items[i];
		struct fault cause;
		int r;
		if (to_be_retired(rekey, key))
			continue;
		r = key_folder_read(rekey->folder, key->kid, &rekey->files[rekey->file_count],
		                    &cause);
		if (r == 0)
			rekey->file_count++;
		else if (r == -ENOENT)
			key->missing = true;
		else
			*fault = cause;
		if (r < 0 && r != -ENOENT && !rekey->wish.retire)
			return r;
	}
	return 0;
}

static int make_fresh(struct rekey *rekey, struct fault *fault)
{
	struct key_list plan = rekey->list;
	size_t needed = key_plan(&plan, &rekey->wish, NULL, 0);

	while (rekey->fresh_count < needed) {
		struct key_file *file = &rekey->files[rekey->file_count];
		struct key_record *fresh = &rekey->fresh[rekey->fresh_count];
		int r = key_folder_stage(rekey->folder, rekey->wish.algorithm, file, fault);
		if (r < 0)
			return r;
		memcpy(fresh->kid, file->kid, sizeof(fresh->kid));
		fresh->algorithm = rekey->wish.algorithm;
		rekey->file_count++;
		rekey->fresh_count++;
	}
	return 0;
}

int rekey_prepare(struct rekey *rekey, struct fault *fault)
{
	int r = read_files(rekey, fault);

	return r < 0 ? r : make_fresh(rekey, fault);
}

static void erase(const struct rekey *rekey, const char *kid)
{
	struct fault fault;

	if (key_folder_erase(rekey->folder, kid, &fault) < 0)
		audit_log(rekey->jitd->audit, "%s", fault.text);
}

void rekey_drop(struct rekey *rekey)
{
	for (size_t i = 0; i < rekey->fresh_count; i++)
		erase(rekey, rekey->fresh[i].kid);
	rekey->fresh_count = 0;
}

/* ---- rows, events, revocations ---- */

static const struct key_eraser *eraser_of(const struct rekey *rekey, const char *kid)
{
	for (size_t i = 0; i < rekey->eraser_count; i++)
		if (!strcmp(rekey->erasers[i].kid, kid))
			return &rekey->erasers[i];
	return NULL;
}

static const char *actor_of(const struct rekey *rekey, const struct key_record *key)
{
	const struct key_eraser *eraser = eraser_of(rekey, key->kid);
	const char *actor = eraser ? eraser->actor : rekey->actor;

	return *actor ? actor : NULL;
}

static int tell(const struct rekey *rekey, const struct key_record *key)
{
	static const char *const words[] = {
	        [KEY_STAYS] = "",
	        [KEY_IS_MADE] = "made",
	        [KEY_SIGNS] = "signs from now on",
	        [KEY_RETIRES] = "its last token ends at",
	        [KEY_RAN_OUT] = "its last token is over",
	        [KEY_WAS_RETIRED] = "retired",
	        [KEY_LOST_ITS_FILE] = "its file is missing",
	        [KEY_IS_UNWANTED] = "jitd.conf wants another algorithm",
	};
	char text[160], until[TIME_SIZE] = "";

	if (key->change == KEY_RETIRES)
		format_time(key->not_after, until);
	best_effort(text_format(text, sizeof(text), "%s %s %s: %s%s%s", key->kid,
	                        key_algorithm_name(key->algorithm), key_state_word(key->state),
	                        words[key->change], *until ? " " : "", until));
	return audit_append(
	        rekey->jitd, rekey->wish.now,
	        &(struct event){.event = EVENT_KEY, .actor = actor_of(rekey, key), .text = text});
}

static int end_accesses(struct rekey *rekey, const struct key_record *key)
{
	const struct act act = {.now = rekey->wish.now,
	                        .actor = actor_of(rekey, key),
	                        .text = "the key that signed its token is gone"};

	return key_change_revokes(key->change)
	               ? revocation_of_key(rekey->jitd, key->kid, &act, &rekey->revoked)
	               : 0;
}

/* Once more, inside the message: what was signed meanwhile counts. Nobody else changes them. */
static int read_again(struct rekey *rekey)
{
	struct key_list list;
	int r = key_rows_read(rekey->jitd->store, &list);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list.count; i++) {
		const struct key_record *before = key_list_find(&rekey->list, list.items[i].kid);
		list.items[i].missing = before && before->missing;
	}
	rekey->list = list;
	return 0;
}

static size_t retiring(const struct key_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].state == KEY_RETIRING;
	return count;
}

static int plan(struct rekey *rekey, struct fault *fault)
{
	int r = read_again(rekey);

	if (r < 0)
		return r;
	rekey->wish.now = instant_now(rekey->jitd).now;
	if (key_plan(&rekey->list, &rekey->wish, rekey->fresh, rekey->fresh_count) >
	    rekey->fresh_count)
		return fault_set(fault, -EAGAIN, "they changed meanwhile: try again");
	if (rekey->wish.rotate && retiring(&rekey->list) > REKEY_RETIRING_MAX)
		return fault_set(fault, -E2BIG,
		                 "%d keys are retiring; wait until their tokens are over, or "
		                 "retire one (jitd-admin keys list)",
		                 REKEY_RETIRING_MAX);
	return 0;
}

int rekey_write(struct rekey *rekey, struct fault *fault)
{
	int r = plan(rekey, fault);

	if (r == 0)
		r = key_rows_write(rekey->jitd->store, &rekey->list);
	for (size_t i = 0; r == 0 && i < rekey->list.count; i++) {
		struct key_record *key = &rekey->list.items[i];
		if (key->change == KEY_LOST_ITS_FILE && eraser_of(rekey, key->kid))
			key->change = KEY_WAS_RETIRED;
		if (key->change != KEY_STAYS)
			r = tell(rekey, key);
		if (r == 0)
			r = end_accesses(rekey, key);
	}
	return r < 0 ? r : keys_new(&rekey->list, rekey->files, rekey->file_count, &rekey->keys);
}

/* ---- in force ---- */

static void put_in_force(struct rekey *rekey)
{
	keys_release(rekey->jitd->keys);
	rekey->jitd->keys = take_ptr(rekey->keys);
}

void rekey_follow(struct rekey *rekey)
{
	put_in_force(rekey);
	for (size_t i = 0; i < rekey->list.count; i++) {
		const struct key_record *key = &rekey->list.items[i];
		struct fault fault;
		if (key->state == KEY_GONE)
			erase(rekey, key->kid);
		else if (key->change == KEY_IS_MADE &&
		         key_folder_keep(rekey->folder, key->kid, &fault) < 0)
			audit_log(rekey->jitd->audit, "%s", fault.text);
	}
}

int rekey_from_memory(struct rekey *rekey, struct fault *fault)
{
	struct key_record *key;
	int r;

	drop_files(rekey);
	r = rekey_look(rekey, fault);
	if (r == 0)
		r = read_files(rekey, fault);
	if (r < 0)
		return r;
	key = key_list_find(&rekey->list, rekey->wish.retire);
	if (!key)
		return fault_set(fault, -ENOENT, "key %s is gone already", rekey->wish.retire);
	key->state = KEY_GONE;
	rekey->keys = keys_release(rekey->keys);
	r = keys_new(&rekey->list, rekey->files, rekey->file_count, &rekey->keys);
	if (r < 0)
		return fault_set(fault, r, "no memory");
	put_in_force(rekey);
	erase(rekey, rekey->wish.retire);
	return 0;
}
