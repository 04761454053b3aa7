/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/reservation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	struct reservation_key key;
	struct reservation value; /* access 0: free */
	int64_t until;
};

struct reservations {
	struct slot slots[RESERVATIONS_MAX];
};

int reservations_new(struct reservations **ret_reservations)
{
	*ret_reservations = calloc(1, sizeof(**ret_reservations));
	return *ret_reservations ? 0 : -ENOMEM;
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

static size_t find(const struct reservations *reservations, const struct reservation_key *key)
{
	size_t i = 0;

	while (i < RESERVATIONS_MAX &&
	       !(reservations->slots[i].value.access && same(&reservations->slots[i].key, key)))
		i++;
	return i;
}

/* What is lost least: nothing; what a held token makes again; what somebody typed. */
static int rank(const struct slot *slot, int64_t now)
{
	if (!slot->value.access || now >= slot->until)
		return 0;
	return slot->value.jti[0] ? 2 : 1;
}

static size_t make_room(const struct reservations *reservations, int64_t now)
{
	size_t best = 0;

	for (size_t i = 1; i < RESERVATIONS_MAX; i++) {
		const struct slot *slot = &reservations->slots[i],
		                  *other = &reservations->slots[best];
		int difference = rank(slot, now) - rank(other, now);
		if (difference < 0 || (difference == 0 && slot->until < other->until))
			best = i;
	}
	return best;
}

void reservation_make(struct reservations *reservations, const struct reservation_key *key,
                      const struct reservation *reservation, int64_t now)
{
	size_t i = find(reservations, key);

	if (i == RESERVATIONS_MAX)
		i = make_room(reservations, now);
	reservations->slots[i] = (struct slot){
	        .key = *key, .value = *reservation, .until = now + RESERVATION_SECONDS};
}

struct reservation reservation_find(const struct reservations *reservations,
                                    const struct reservation_key *key, int64_t now)
{
	size_t i = find(reservations, key);

	if (i == RESERVATIONS_MAX || now >= reservations->slots[i].until)
		return (struct reservation){0};
	return reservations->slots[i].value;
}

void reservation_drop(struct reservations *reservations, const struct reservation_key *key)
{
	size_t i = find(reservations, key);

	if (i < RESERVATIONS_MAX)
		reservations->slots[i].value.access = 0;
}
