/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: accepting them within limits, who is at the other end (from the kernel, at accept),
 * packets in and out. A packet that may not come closes the connection; so do a hang-up and a
 * zero-length packet, which look alike.
 */
#ifndef JIT_JITD_PEER_H
#define JIT_JITD_PEER_H

#include <stdbool.h>

#include "jitd/jitd.h"
#include "wire/message.h"

#define PEERS_MAX       1024   /* of clients; root's PAM clients have as many of their own */
#define PEERS_PER_UID   64     /* of one uid, root excepted */
#define PEER_IDLE_MS    10000  /* without a command, or with output that nobody takes */
#define PEER_ASKED_MS   600000 /* somebody types; sshd and sudo have limits of their own */
#define PEER_OUTPUT_MAX (1 << 20)

enum peer_kind { PEER_PAM = 1, PEER_CLIENT };

struct check;
struct packet; /* output that the socket had no room for */
struct listing;

struct peer {
	struct jitd *jitd;
	const struct peer_calls *calls;
	struct peer *next, *previous;
	enum peer_kind kind;
	enum wire_state state;
	int fd; /* -1: closed; the struct lives on while somebody holds it */
	unsigned int holders;
	struct peer_process process;
	struct watch *watch;
	int64_t active; /* ticks of the last packet in or out */
	struct packet *first, **last;
	size_t queued;           /* bytes */
	bool coming_back;        /* more rows follow once the socket has room */
	struct listing *listing; /* rows still to come */
	struct check *asking;    /* waits for this peer's answer; its state is ASKED */
	uid_t asked;             /* who is asked, where the kernel says so; else (uid_t)-1 */
	uint32_t watching;       /* an access to tell about */
	bool watching_pending;   /* what waits for this caller's decision */
};

/* What is done with peers: the daemon's one table, so that connections know nothing of what they
 * carry. */
struct peer_calls {
	/* a message that this kind of peer may send in this state */
	void (*receive)(struct peer *peer, const struct message *message);
	/* it closed while peer->asking waited: takes that over */
	void (*abandon)(struct peer *peer);
	/* its output is taken: go on with what peer->listing still has */
	void (*go_on)(struct peer *peer);
	struct listing *(*forget)(struct listing *listing); /* takes NULL */
};

/* Takes the sockets over; `calls` outlives every peer. */
must_check int peers_new(struct jitd *jitd, const struct sockets *sockets,
                         const struct peer_calls *calls, struct peers **ret_peers);
struct peers *peers_free(struct peers *peers);
unsigned int peers_count(const struct peers *peers, enum peer_kind kind);
/* How many wait for this user's answer. */
unsigned int peers_asked(const struct peers *peers, uid_t uid);
/* Calls for each open one; the call may close it. */
void peers_each(struct peers *peers, void (*call)(struct peer *peer, void *context), void *context);

/* Queues and sends what fits now. A peer that does not take its output is closed. */
void peer_send(struct peer *peer, const struct message *message);
/* Goes on with the peer's listing when the loop has seen to everybody else. */
void peer_come_back(struct peer *peer);
void peer_close(struct peer *peer);
bool peer_open(const struct peer *peer);

struct peer *peer_hold(struct peer *peer);
void peer_release(struct peer *peer);

#endif
