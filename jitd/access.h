/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One access: its row, its states, and the one table of which event leads from which state to
 * which. Every change goes through access_move(), which writes state and event in the same message.
 */
#ifndef JIT_JITD_ACCESS_H
#define JIT_JITD_ACCESS_H

#include "base/identity.h"
#include "jitd/audit.h"
#include "jitd/jitd.h"
#include "token/fingerprint.h"
#include "wire/message.h"

#define REASON_MAX  512  /* bytes of a reason or comment (D14) */
#define HOURLY_MAX  2000 /* requests of one subject in an hour: each is a row that stays */
#define PENDING_MAX 5    /* undecided requests of one subject */

enum access_state {
	STATE_NONE = 0,
	STATE_PENDING,
	STATE_ACTIVE,
	STATE_USED_UP,
	STATE_EXPIRED,
	STATE_RETURNED,
	STATE_REVOKED,
	STATE_DENIED,
	STATE_CANCELLED,
	STATE_LAPSED,
};
const char *access_state_word(enum access_state state);

enum access_event {
	ON_APPROVED, /* the last approval: active */
	ON_DENIED,
	ON_CANCEL, /* by its subject: cancelled, or returned when active */
	ON_LAPSE,
	ON_USED_UP,
	ON_EXPIRE,
	ON_REVOKE, /* denied when still pending */
	ACCESS_EVENTS
};

/* As the row says; texts are owned. */
struct access {
	uint32_t id;
	uid_t uid;
	uid_t login_uid; /* LOGIN_UID_NONE: none */
	char *subject, *scope, *host, *rule, *rule_text, *who, *approvers, *reason, *ticket, *ended;
	char *via;        /* the trust whose token asked; "": none, this jitd was asked itself */
	char *issuer;     /* of that token; "" */
	uint32_t foreign; /* the issuer's number of it; 0: not told */
	int64_t ends; /* when it ends for good, by that token; 0: nothing but the grant ends it */
	unsigned int approvals, denials; /* this many make it active, this many end it */
	int64_t asked, seconds;          /* seconds: as an approver may have shortened it */
	int64_t uses, uses_left;         /* as the rule says, 0: any number; left, -1: any number */
	enum access_state state;
	bool typed;        /* no held token: each use is typed */
	int64_t token_ttl; /* seconds of what is handed out to be typed */
	int64_t warn;      /* seconds before its end that a session is told; 0: never */
	int64_t keep; /* seconds that its sessions may go on after its end; 0: they end with it */
	int64_t requested, lapses, decided, from, until; /* 0: not yet */
	int64_t boot_until; /* the same end on CLOCK_BOOTTIME, in the boot of boot_id */
	char boot_id[BOOT_ID_SIZE];
	char user_key[FINGERPRINT_SIZE]; /* the ssh key that it opens for; "": any */
};

enum { ACCESS_UNKNOWN = 1, ACCESS_WRONG_STATE };

/* For a door of another host: nothing of it opens here. */
bool access_is_elsewhere(const struct jitd *jitd, const struct access *access);

/* Seconds that an active one still has: to its end by the wall clock, or by CLOCK_BOOTTIME where it
 * became active in this boot, whichever comes first. 0 or less: it is over. */
int64_t access_left(const struct jitd *jitd, const struct access *access, int64_t now,
                    int64_t boot);

/* Spends one use of an active access that has a limited number; ACCESS_WRONG_STATE: none is left.
 */
must_check int access_use(struct jitd *jitd, uint32_t id, int64_t *ret_left);

/* From the writer inside a transaction, or from the reader. 0, ACCESS_UNKNOWN, -errno. Free with
 * access_free(). */
must_check int access_get(struct store *store, uint32_t id, struct access **ret_access);
/* The row that a query of ACCESS_COLUMNS stands on. */
must_check int access_of_row(const struct query *query, struct access **ret_access);
struct access *access_free(struct access *access);

static inline void cleanup_access(struct access **where)
{
	access_free(*where);
}

/* Who did it, and what they said; for the event and for "ended". */
struct act {
	int64_t now;
	const char *actor; /* NULL: time or the subject's use */
	const char *text;
};

/* The state that the event leads to; STATE_NONE: it may not come now. */
enum access_state access_next(enum access_state state, enum access_event event);

/* 0, or ACCESS_WRONG_STATE: not by the table, or it is over and no session of it is open. */
must_check int access_may_move(struct jitd *jitd, const struct access *access,
                               enum access_event event);

/* Moves the access by the table and writes the event; forgets its held token when it stops being
 * active. Fails with ACCESS_WRONG_STATE where the table says no, or where the row has moved
 * meanwhile. `access` is updated. ON_APPROVED is grant.c's alone. */
must_check int access_move(struct jitd *jitd, struct access *access, enum access_event event,
                           const struct act *act);

/* Do the user and %group names in `names`, separated by spaces, name this person? */
bool names_include(const char *names, const struct identity *person);

/* Fills an access row for the wire. */
must_check int access_describe(const struct jitd *jitd, const struct access *access,
                               struct wire_access *ret_row);

#endif
