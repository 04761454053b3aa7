/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon: one struct, passed down. Adapters (loop, store, txn, names, keys, mint, peer,
 * process, sockets, audit) know nothing of accesses; the life of an access (request, approval,
 * grant, check, session, revocation) knows nothing of sockets; dispatch joins them.
 */
#ifndef JIT_JITD_JITD_H
#define JIT_JITD_JITD_H

#include "jitd/keys.h"
#include "jitd/loop.h"
#include "jitd/names.h"
#include "jitd/process.h"
#include "jitd/sockets.h"
#include "jitd/store.h"
#include "jitd/txn.h"
#include "policy/policy.h"
#include "policy/settings.h"

struct jitd {
	struct settings *settings;
	struct loop *loop;
	struct store *store;  /* inside transactions only */
	struct store *reader; /* committed rows: for listings, and ahead of a message */
	struct readings *readings;
	struct txn *txn;
	struct names *names;
	struct keys *keys; /* in force; who works on the pool holds them */
	struct rotation *rotation;
	struct codes *codes;
	struct issuers *issuers; /* whose keys count besides ours */
	struct policy *policy;
	char policy_digest[65];
	struct audit *audit;
	struct peers *peers;
	struct reservations *reservations;
	struct sessions *sessions;
	struct reaper *reaper;
	struct endings *endings;      /* sessions that are to end */
	struct warnings *warnings;    /* sessions that are to be told of their end */
	struct recheck *recheck;      /* open sessions, asked about anew */
	struct purge *purge;          /* tokens that are long over */
	struct dismissal *dismissals; /* ssh connections that are (jitd/dismissal) */
	struct sweep *sweeps;         /* accesses being held against new rules (jitd/sweep) */
	struct unwritten *unwritten;  /* revocations and locks in force that are not on disk */
	struct instants *instants;    /* what time it is */
	struct timer *deadline;       /* the next lapse or expiry */
	char host_id[256];
	char boot_id[BOOT_ID_SIZE];
	uint64_t verdicts_allow, verdicts_deny;
	bool accesses_changed; /* since the last commit: deadlines and watchers want a look */
	bool stopping;
};

/* Builds a daemon that serves on `sockets` (taken over) with `settings` (taken over): opens the
 * store, keys and policy, finds live sessions again. Everything is undone on failure. Frees with
 * jitd_free(). */
must_check int jitd_new(struct settings *settings, struct sockets *sockets, struct jitd **ret_jitd,
                        struct fault *fault);
struct jitd *jitd_free(struct jitd *jitd);

#endif
