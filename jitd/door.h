/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doors: what PAM's facts mean. Which services are guarded, who vouches for whom there, which scope
 * opens it, and which process will open the session. Pure; messages from pam.sock are believed.
 */
#ifndef JIT_JITD_DOOR_H
#define JIT_JITD_DOOR_H

#include "jitd/names.h"
#include "jitd/process.h"
#include "jitd/reservation.h"
#include "policy/scope.h"
#include "token/fingerprint.h"
#include "wire/message.h"

/* Who says that the subject is the one they claim to be. Zero: nobody, so a held token counts for
 * nothing and only what is typed does. */
enum vouch {
	VOUCH_NOBODY = 0,
	VOUCH_KERNEL, /* sudo, su: the real uid */
	VOUCH_SSHD,   /* an ssh key, or whatever else let sshd skip `auth` */
};

/* The ssh keys that sshd itself verified, as SSH_AUTH_INFO_0 names them. */
#define SHOWN_KEYS_MAX 4
struct shown_keys {
	char fingerprints[SHOWN_KEYS_MAX][FINGERPRINT_SIZE];
	size_t count; /* 0: none, none that can be read, or too many */
	bool later;   /* none is shown yet: open_session comes after, and shows it */
};

/* What is asked, in our words. */
struct door {
	const char *service; /* as in scopes: "sudo"; into the ask or constant */
	const char *account; /* the target, NULL where PAM does not know it yet (sudo before
	                        open_session) */
	const char *named;   /* the name that the subject must bear; NULL: any that was looked up by
	                        its uid */
	const char *source;  /* where it comes from: an address, a terminal, or "" */
	enum vouch vouch;
	struct shown_keys keys; /* at ssh */
	bool by_key;  /* the subject is who holds an access bound to the key, whoever the account's
	                 owner is */
	uid_t uid;    /* of the subject; VOUCH_KERNEL: from the beginning, else once looked up */
	bool guarded; /* a door of this release */
	bool told;    /* somebody is vouched for, and hears why not */
	bool may_ask; /* a prompt can be answered in this phase */
	enum names_result subject_result;
	struct identity *subject; /* owned by whoever looked it up */
	int64_t now, boot;        /* of one reading; boot: CLOCK_BOOTTIME */
	bool clock_gives;         /* the clock is one to give anything by */
};

/* `leads`: the peer is the leader of its session, which tells sshd's monitor from the child that
 * converses. Points into `ask`. The time is the caller's to set: until then nothing is given. */
void door_of(const struct wire_check *ask, bool leads, struct door *ret_door);

/* Does one of these scopes open it? Where the account is not known yet, one of the service. */
bool door_fits(const struct door *door, const char *scopes);
must_check int door_scope(const struct door *door, char ret_scope[static SCOPE_SIZE]);

/* Is this one of the keys that were shown? */
bool door_shows_key(const struct door *door, const char *fingerprint);

/* The process that will open the session: the peer itself; with sshd the leader of its session (its
 * monitor, for every method: measured), which is the peer or its parent. At open_session it must be
 * the peer. -errno: cannot be told, so deny. */
must_check int door_process(const struct wire_check *ask, const struct peer_process *peer,
                            struct process_id *ret_process);

/* What its reservation goes by, but for the process: the handle where all hooks share one, which
 * they do not with sshd; the account where each hook knows it, which sudo's do not. */
void door_key(const struct wire_check *ask, const struct door *door, struct reservation_key *key);

const char *door_phase_word(unsigned int phase);

#endif
