/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/rotation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "jitd/clock.h"
#include "jitd/instant.h"
#include "jitd/key_rows.h"
#include "jitd/rekey.h"
#include "jitd/revocation.h"

#define RETRY_MS 1000

struct change;

struct rotation {
	struct jitd *jitd;
	struct key_folder *folder;
	struct timer *timer;
	struct change *first, **last;        /* the first is under way */
	int64_t deadline;                    /* when a retiring key is over; 0: none is */
	bool owed;                           /* what is in force is not all on disk */
	struct key_eraser erasers[KEYS_MAX]; /* of what is owed */
	size_t eraser_count;
};

/* One on its way. */
struct change {
	struct txn_result result; /* first */
	struct rekey rekey;
	struct change *next;
	struct rotation *rotation;
	char kid[KID_SIZE]; /* of rekey.wish */
	struct call *call;  /* NULL: nobody waits */
	void (*done)(struct call *call, int result);
	int failed;
	struct fault fault;
};

static struct change *change_free(struct change *change)
{
	if (change)
		rekey_done(&change->rekey);
	free(change);
	return NULL;
}

CLEANUP_DEFINE(change, struct change *, change_free)

/* ---- its steps ---- */

static void settle(struct txn_result *result, bool committed)
{
	struct change *change = (struct change *)(void *)result;
	struct rotation *rotation = change->rotation;

	if (!committed) {
		change->failed = -EIO;
		return;
	}
	rekey_follow(&change->rekey);
	rotation->deadline = key_list_deadline(&change->rekey.list);
	rotation->owed = false;
	rotation->eraser_count = 0;
}

static struct change *change_new(struct rotation *rotation)
{
	struct change *change = calloc(1, sizeof(*change));

	if (!change)
		return NULL;
	change->result.settle = settle;
	change->rotation = rotation;
	change->rekey = (struct rekey){
	        .jitd = rotation->jitd,
	        .folder = rotation->folder,
	        .wish.algorithm = key_algorithm_named(rotation->jitd->settings->algorithm),
	        .erasers = rotation->erasers,
	        .eraser_count = rotation->eraser_count,
	};
	return change;
}

static void prepare(void *job)
{
	struct change *change = job;

	change->failed = rekey_prepare(&change->rekey, &change->fault);
}

/* Committed at once, so that nothing is signed between the rows and their being in force. */
static void write_down(struct change *change)
{
	struct txn *txn = change->rotation->jitd->txn;
	int r;

	fault_set(&change->fault, 0, "jitd cannot write its database (is the disk full?)");
	r = txn_enter(txn);
	if (r == 0) {
		r = rekey_write(&change->rekey, &change->fault);
		r = txn_leave(txn, r);
	}
	change->failed = r;
	if (r < 0)
		return;
	txn_wait(txn, &change->result);
	txn_flush(txn);
}

static void arm(struct rotation *rotation)
{
	const struct instant instant = instant_now(rotation->jitd);

	if (rotation->jitd->stopping)
		return;
	if (rotation->owed)
		timer_start(rotation->timer, RETRY_MS);
	else if (rotation->deadline)
		timer_start(rotation->timer,
		            clock_wait(rotation->deadline, instant.now, instant.into.wall));
	else
		timer_stop(rotation->timer);
}

/* ---- in force, not on disk ---- */

static void remember_eraser(struct rotation *rotation, const struct change *change)
{
	struct key_eraser *eraser = &rotation->erasers[rotation->eraser_count];

	if (rotation->eraser_count == KEYS_MAX)
		return;
	memcpy(eraser->kid, change->kid, sizeof(eraser->kid));
	memcpy(eraser->actor, change->rekey.actor, sizeof(eraser->actor));
	rotation->eraser_count++;
}

static void retire_from_memory(struct change *change)
{
	struct rotation *rotation = change->rotation;

	change->failed = rekey_from_memory(&change->rekey, &change->fault);
	if (change->failed < 0)
		return;
	remember_eraser(rotation, change);
	rotation->owed = true;
	if (revocation_of_key_remember(rotation->jitd, change->kid, change->rekey.actor))
		call_done(change->call, 0,
		          "in force, not yet on disk: jitd cannot write its database; make room");
	else
		call_done(change->call, 0,
		          "key %s is out of force, but its accesses could not be read: revoke "
		          "them when there is room",
		          change->kid);
}

/* ---- the answer ---- */

static void tell_rotated(const struct change *change)
{
	const struct key_record *old = rekey_changed(&change->rekey, KEY_RETIRES),
	                        *next = rekey_changed(&change->rekey, KEY_IS_MADE);
	const struct signer *signer = keys_signer(change->rotation->jitd->keys);
	char until[TIME_SIZE];

	format_time(old ? old->not_after : 0, until);
	call_done(change->call, 0,
	          "rotated: %s signs now; %s verifies until %s; %s is next, for jitd-admin keys "
	          "export",
	          signer ? signer->kid : "nobody", old ? old->kid : "none", until,
	          next ? next->kid : "none");
}

static void tell_retired(const struct change *change)
{
	const struct key_record *successor = rekey_changed(&change->rekey, KEY_SIGNS);
	size_t revoked = change->rekey.revoked;

	if (rekey_changed(&change->rekey, KEY_WAS_RETIRED))
		call_done(change->call, 0, "retired: key %s is gone; %zu access%s revoked%s%s%s",
		          change->kid, revoked, revoked == 1 ? "" : "es", successor ? "; " : "",
		          successor ? successor->kid : "", successor ? " signs now" : "");
	else
		call_say_no(change->call, "key %s is gone already", change->kid);
}

/* What is tried again and again is told once. */
static void tell_failed(struct change *change)
{
	if (change->call || !change->rotation->owed)
		audit_log(change->rotation->jitd->audit, "the keys stay as they are: %s",
		          change->fault.text);
	if (change->call)
		call_say_no(change->call, "the keys stay as they are: %s", change->fault.text);
}

/* ---- one after the other ---- */

static void start(struct rotation *rotation);

static void finish(struct change *change)
{
	struct rotation *rotation = change->rotation;

	if (change->failed)
		tell_failed(change);
	rotation->owed |= change->failed && !change->call;
	arm(rotation);
	rotation->first = change->next;
	if (!rotation->first)
		rotation->last = &rotation->first;
	if (change->call)
		change->done(change->call, 0);
	change_free(change);
	start(rotation);
}

static void prepared(void *job)
{
	struct change *change = job;
	bool retires = change->rekey.wish.retire;

	if (change->failed == 0 && change->fault.text[0]) /* a file was left out */
		audit_log(change->rotation->jitd->audit, "%s", change->fault.text);
	if (change->failed == 0)
		write_down(change);
	if (change->failed) {
		rekey_drop(&change->rekey);
		if (retires)
			retire_from_memory(change);
	} else if (change->call) {
		(retires ? tell_retired : tell_rotated)(change);
	}
	finish(change);
}

static void start(struct rotation *rotation)
{
	struct change *change = rotation->first;

	if (!change)
		return;
	change->failed = rekey_look(&change->rekey, &change->fault);
	if (change->failed == 0)
		change->failed = loop_work(rotation->jitd->loop, prepare, prepared, change);
	if (change->failed)
		prepared(change);
}

static void enqueue(struct change *change)
{
	struct rotation *rotation = change->rotation;
	bool idle = !rotation->first;

	*rotation->last = change;
	rotation->last = &change->next;
	if (idle)
		start(rotation);
}

void rotation_begin(struct call *call, void (*done)(struct call *call, int result))
{
	struct change *change = change_new(call->jitd->rotation);

	if (!change) {
		done(call, -ENOMEM);
		return;
	}
	change->call = call;
	change->done = done;
	text_sanitize(change->rekey.actor, sizeof(change->rekey.actor), call->caller->name);
	text_sanitize(change->kid, sizeof(change->kid), call->in.key_change.kid);
	change->rekey.wish.rotate = call->in.key_change.change == REKEY_ROTATE;
	change->rekey.wish.retire = change->rekey.wish.rotate ? NULL : change->kid;
	enqueue(change);
}

/* A retiring key has run out, or something is owed. */
static void look(void *context)
{
	struct rotation *rotation = context;
	struct change *change = NULL;

	if (rotation->first) /* who is under way looks again */
		return;
	if (rotation->owed ||
	    (rotation->deadline && instant_now(rotation->jitd).now >= rotation->deadline))
		change = change_new(rotation);
	if (change)
		enqueue(change);
	else
		arm(rotation);
}

/* ---- the command ---- */

static int check_kid(struct call *call, const char *kid)
{
	enum key_state state = KEY_GONE;
	int r = key_row_state(call->jitd->store, kid, &state);

	if (r < 0)
		return r;
	if (r == KEY_UNKNOWN)
		return call_refuse(call, "unknown-key",
		                   "no such key: %.64s; right is a kid of jitd-admin keys list",
		                   kid);
	if (state == KEY_GONE)
		return call_refuse(call, "state", "key %s is gone already", kid);
	call->rekey = true;
	return 0;
}

int handle_key_change(struct call *call)
{
	if (call->in.key_change.change == REKEY_RETIRE)
		return check_kid(call, call->in.key_change.kid);
	call->rekey = true;
	return 0;
}

/* ---- at start ---- */

/* What a crash left is finished or undone, by what is on disk of it. */
static int found(void *context, const char *kid, bool staged, struct fault *fault)
{
	const struct rotation *rotation = context;
	struct jitd *jitd = rotation->jitd;
	enum key_state state = KEY_GONE;
	int r = key_row_state(jitd->reader, kid, &state);
	char path[KEY_PATH_SIZE];

	if (r < 0)
		return fault_set(fault, r, "jitd cannot read its database: %s", strerror(-r));
	if (r == KEY_UNKNOWN && !staged) {
		key_folder_path(rotation->folder, kid, path);
		return fault_set(fault, -EINVAL,
		                 "%s: no key of this database: move it away, or bring the database "
		                 "back that it belongs to",
		                 path);
	}
	if (r == KEY_UNKNOWN || state == KEY_GONE) {
		audit_log(jitd->audit, "key %s was never in force, or is gone: its file is erased",
		          kid);
		return key_folder_erase(rotation->folder, kid, fault);
	}
	return staged ? key_folder_keep(rotation->folder, kid, fault) : 0;
}

static int set_right(struct rotation *rotation, struct fault *fault)
{
	cleanup(cleanup_change) struct change *change = change_new(rotation);
	int r;

	if (!change)
		return fault_set(fault, -ENOMEM, "no memory");
	r = key_folder_survey(rotation->folder, found, rotation, fault);
	if (r == 0)
		r = rekey_look(&change->rekey, fault);
	if (r == 0)
		r = rekey_prepare(&change->rekey, fault);
	if (r < 0)
		return r;
	write_down(change);
	if (change->failed) {
		rekey_drop(&change->rekey);
		return fault_set(fault, change->failed, "keys: %s", change->fault.text);
	}
	arm(rotation);
	return 0;
}

int rotation_start(struct jitd *jitd, struct fault *fault)
{
	struct rotation *rotation = calloc(1, sizeof(*rotation));
	int r;

	if (!rotation)
		return fault_set(fault, -ENOMEM, "no memory");
	rotation->jitd = jitd;
	rotation->last = &rotation->first;
	jitd->rotation = rotation;
	r = loop_alarm(jitd->loop, look, rotation, &rotation->timer);
	if (r < 0)
		return fault_set(fault, r, "keys: %s", strerror(-r));
	r = key_folder_open(jitd->settings->state_dir, &rotation->folder, fault);
	return r < 0 ? r : set_right(rotation, fault);
}

struct rotation *rotation_free(struct rotation *rotation)
{
	if (!rotation)
		return NULL;
	timer_free(rotation->timer);
	key_folder_free(rotation->folder);
	free(rotation);
	return NULL;
}
