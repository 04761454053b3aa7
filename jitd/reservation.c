/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/reservation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reservation {
	struct reservation_key key;
	uint32_t access; /* 0: free */
	int64_t until;
};

struct reservations {
	struct reservation slots[RESERVATIONS_MAX];
	size_t next;
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
	return a->pid == b->pid && a->start_time == b->start_time && a->start_time &&
	       a->uid == b->uid && !memcmp(&a->handle, &b->handle, sizeof(a->handle)) &&
	       !strcmp(a->service, b->service);
}

static struct reservation *find(struct reservations *reservations,
                                const struct reservation_key *key)
{
	for (size_t i = 0; i < RESERVATIONS_MAX; i++)
		if (reservations->slots[i].access && same(&reservations->slots[i].key, key))
			return &reservations->slots[i];
	return NULL;
}

void reservation_make(struct reservations *reservations, const struct reservation_key *key,
                      uint32_t access, int64_t now)
{
	struct reservation *slot = find(reservations, key);

	if (!slot) {
		slot = &reservations->slots[reservations->next];
		reservations->next = (reservations->next + 1) % RESERVATIONS_MAX;
	}
	*slot = (struct reservation){
	        .key = *key, .access = access, .until = now + RESERVATION_SECONDS};
}

uint32_t reservation_take(struct reservations *reservations, const struct reservation_key *key,
                          int64_t now)
{
	struct reservation *slot = find(reservations, key);
	uint32_t access = 0;

	if (slot && now < slot->until)
		access = slot->access;
	if (slot)
		slot->access = 0;
	return access;
}
