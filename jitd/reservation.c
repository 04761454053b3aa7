/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/reservation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BUCKETS RESERVATIONS_MAX

struct slot {
	struct reservation_key key;
	struct reservation value;
	int64_t until;
	TAILQ_ENTRY(slot) queued;
	LIST_ENTRY(slot) hashed; /* of one that is not free */
	struct queue *queue;
};

/* All are made for as long: the first of a queue is over first. */
TAILQ_HEAD(queue, slot);
LIST_HEAD(bucket, slot);

struct reservations {
	struct queue free, held, typed; /* by a held token, by a typed one */
	struct bucket buckets[BUCKETS];
	struct slot slots[RESERVATIONS_MAX];
};

int reservations_new(struct reservations **ret_reservations)
{
	struct reservations *reservations = calloc(1, sizeof(*reservations));

	if (!reservations)
		return -ENOMEM;
	TAILQ_INIT(&reservations->free);
	TAILQ_INIT(&reservations->held);
	TAILQ_INIT(&reservations->typed);
	for (size_t i = 0; i < RESERVATIONS_MAX; i++) {
		reservations->slots[i].queue = &reservations->free;
		TAILQ_INSERT_TAIL(&reservations->free, &reservations->slots[i], queued);
	}
	*ret_reservations = reservations;
	return 0;
}

struct reservations *reservations_free(struct reservations *reservations)
{
	free(reservations);
	return NULL;
}

static bool same(const struct reservation_key *a, const struct reservation_key *b)
{
	return a->process.pid == b->process.pid && a->process.start_time == b->process.start_time &&
	       a->process.start_time && !memcmp(&a->handle, &b->handle, sizeof(a->handle)) &&
	       !strcmp(a->service, b->service) && !strcmp(a->account, b->account);
}

/* Handles are random, and those of sshd none; numbers of processes come one after the other. */
static struct bucket *bucket_of(struct reservations *reservations,
                                const struct reservation_key *key)
{
	uint32_t mixed;

	memcpy(&mixed, key->handle.bytes, sizeof(mixed));
	mixed += (uint32_t)key->process.pid;
	return &reservations->buckets[mixed % BUCKETS];
}

static struct slot *find(struct reservations *reservations, const struct reservation_key *key)
{
	struct slot *slot;

	LIST_FOREACH(slot, bucket_of(reservations, key), hashed)
	if (same(&slot->key, key))
		return slot;
	return NULL;
}

static void move(struct slot *slot, struct queue *queue)
{
	TAILQ_REMOVE(slot->queue, slot, queued);
	slot->queue = queue;
	TAILQ_INSERT_TAIL(queue, slot, queued);
}

static void release(struct reservations *reservations, struct slot *slot)
{
	LIST_REMOVE(slot, hashed);
	move(slot, &reservations->free);
}

/* What is lost least: what is over; what a held token makes again; what somebody typed. */
static struct slot *least(const struct reservations *reservations, int64_t now)
{
	struct slot *held = TAILQ_FIRST(&reservations->held),
	            *typed = TAILQ_FIRST(&reservations->typed);

	if (!held || (typed && now >= typed->until))
		return typed;
	return held;
}

static struct slot *take(struct reservations *reservations, int64_t now)
{
	if (TAILQ_EMPTY(&reservations->free))
		release(reservations, least(reservations, now));
	return TAILQ_FIRST(&reservations->free);
}

void reservation_make(struct reservations *reservations, const struct reservation_key *key,
                      const struct reservation *reservation, int64_t now)
{
	struct slot *slot = find(reservations, key);

	if (!slot) {
		slot = take(reservations, now);
		slot->key = *key;
		LIST_INSERT_HEAD(bucket_of(reservations, key), slot, hashed);
	}
	slot->value = *reservation;
	slot->until = now + RESERVATION_SECONDS;
	move(slot, reservation->jti[0] ? &reservations->typed : &reservations->held);
}

struct reservation reservation_find(struct reservations *reservations,
                                    const struct reservation_key *key, int64_t now)
{
	const struct slot *slot = find(reservations, key);

	if (!slot || now >= slot->until)
		return (struct reservation){0};
	return slot->value;
}

void reservation_drop(struct reservations *reservations, const struct reservation_key *key)
{
	struct slot *slot = find(reservations, key);

	if (slot)
		release(reservations, slot);
}
