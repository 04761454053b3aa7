/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "jitd/audit.h"
#include "jitd/clock.h"
#include "jitd/instant.h"

struct listener {
	struct peers *peers;
	enum peer_kind kind;
	int fd;
	struct watch *watch;
	bool pauses; /* there was no descriptor, or no memory, for who came */
};

struct peers {
	struct jitd *jitd;
	const struct peer_calls *calls;
	struct listener listeners[2];
	struct peer *first;
	struct timer *sweep; /* closes idle ones, and takes up accepting again after EMFILE */
	bool sweeping;       /* it runs: with nobody there it sleeps */
	unsigned int counts[PEER_CLIENT + 1];
	uint8_t packet[WIRE_PACKET];
	struct message message; /* the one being received */
};

struct packet {
	struct packet *next;
	size_t length;
	uint8_t bytes[];
};

#define SWEEP_MS 1000

/* ---- one peer's life ---- */

struct peer *peer_hold(struct peer *peer)
{
	peer->holders++;
	return peer;
}

void peer_release(struct peer *peer)
{
	if (--peer->holders)
		return;
	peer->calls->forget(peer->listing);
	free(peer);
}

static void drop_output(struct peer *peer)
{
	while (peer->first) {
		struct packet *packet = peer->first;
		peer->first = packet->next;
		explicit_bzero(packet->bytes, packet->length);
		free(packet);
	}
	peer->last = &peer->first;
	peer->queued = 0;
}

void peer_close(struct peer *peer)
{
	struct peers *peers = peer->jitd->peers;

	if (!peer_open(peer))
		return;
	peer->watch = watch_free(peer->watch);
	close(take_fd(&peer->fd));
	process_done(&peer->process);
	drop_output(peer);
	if (peer->next)
		peer->next->previous = peer->previous;
	if (peer->previous)
		peer->previous->next = peer->next;
	else
		peers->first = peer->next;
	peers->counts[peer->kind]--;
	if (peer->asking)
		peer->calls->abandon(peer);
	peer_release(peer);
}

bool peer_open(const struct peer *peer)
{
	return peer->fd >= 0;
}

/* ---- output ---- */

static int send_now(struct peer *peer, const uint8_t *bytes, size_t length)
{
	ssize_t n = send(peer->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n == (ssize_t)length) {
		peer->active = clock_ticks();
		return 0;
	}
	return n < 0 ? -errno : -EIO;
}

static int queue(struct peer *peer, const uint8_t *bytes, size_t length)
{
	struct packet *packet;

	if (peer->queued + length > PEER_OUTPUT_MAX)
		return -ENOBUFS;
	packet = malloc(sizeof(*packet) + length);
	if (!packet)
		return -ENOMEM;
	packet->next = NULL;
	packet->length = length;
	memcpy(packet->bytes, bytes, length);
	*peer->last = packet;
	peer->last = &packet->next;
	peer->queued += length;
	return watch_set(peer->watch, WATCH_READ | WATCH_WRITE);
}

void peer_send(struct peer *peer, const struct message *message)
{
	struct fault fault;
	uint8_t *bytes;
	size_t length;
	int r;

	if (!peer_open(peer)) /* and then perhaps the last that there was */
		return;
	bytes = peer->jitd->peers->packet;
	r = message_encode(message, bytes, &length, &fault);
	if (r < 0) {
		audit_log(peer->jitd->audit, "answer not sent: %s", fault.text);
	} else {
		r = peer->first ? -EAGAIN : send_now(peer, bytes, length);
		if (r == -EAGAIN)
			r = queue(peer, bytes, length);
		explicit_bzero(bytes, length);
	}
	if (r < 0)
		peer_close(peer);
}

void peer_come_back(struct peer *peer)
{
	peer->coming_back = true;
	if (watch_set(peer->watch, WATCH_READ | WATCH_WRITE) < 0)
		peer_close(peer);
}

static void flush_output(struct peer *peer)
{
	peer->coming_back = false;
	while (peer->first) {
		struct packet *packet = peer->first;
		int r = send_now(peer, packet->bytes, packet->length);
		if (r == -EAGAIN)
			return;
		if (r < 0) {
			peer_close(peer);
			return;
		}
		peer->first = packet->next;
		if (!peer->first)
			peer->last = &peer->first;
		peer->queued -= packet->length;
		explicit_bzero(packet->bytes, packet->length);
		free(packet);
	}
	if (watch_set(peer->watch, WATCH_READ) < 0)
		peer_close(peer);
	else if (peer->listing)
		peer->calls->go_on(peer);
}

/* ---- input ---- */

static void refuse_packet(struct peer *peer, const struct fault *fault)
{
	struct event event = {.event = EVENT_BAD_PACKET,
	                      .verdict = "deny",
	                      .reason = "bad-packet",
	                      .actor_uid = peer->process.uid,
	                      .pid = peer->process.pid};

	event.text = fault->text;
	audit_alone(peer->jitd, instant_now(peer->jitd).now, &event);
	peer_close(peer);
}

static void answer_version(struct peer *peer, const struct fault *fault)
{
	struct message answer = {.id = peer->kind == PEER_PAM ? MESSAGE_verdict : MESSAGE_refused};
	char *text = peer->kind == PEER_PAM ? answer.verdict.text : answer.refused.text;

	if (peer->kind == PEER_PAM)
		answer.verdict.decision = DECISION_DENY;
	memcpy(text, fault->text, strlen(fault->text) + 1);
	peer_send(peer, &answer);
	refuse_packet(peer, fault);
}

static bool may_send(const struct peer *peer, const struct wire_info *info)
{
	enum wire_sender sender = peer->kind == PEER_PAM ? WIRE_FROM_PAM : WIRE_FROM_CLIENT;

	return info->sender == sender && info->state == peer->state;
}

static void receive_one(struct peer *peer)
{
	struct peers *peers = peer->jitd->peers;
	struct fault fault;
	/* no control buffer: passed descriptors are dropped by the kernel (D5) */
	ssize_t n = recv(peer->fd, peers->packet, sizeof(peers->packet), MSG_TRUNC | MSG_DONTWAIT);
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		peer_close(peer);
		return;
	}
	peer->active = clock_ticks();
	r = message_decode(peers->packet, (size_t)n, &peers->message, &fault);
	explicit_bzero(peers->packet,
	               (size_t)n < sizeof(peers->packet) ? (size_t)n : sizeof(peers->packet));
	if (r == MESSAGE_VERSION) {
		answer_version(peer, &fault);
		return;
	}
	if (r == 0 && !may_send(peer, wire_info(peers->message.id)))
		r = fault_set(&fault, -EBADMSG, "%s may not come here now",
		              wire_info(peers->message.id)->name);
	if (r < 0)
		refuse_packet(peer, &fault);
	else
		peer->calls->receive(peer, &peers->message);
	message_wipe(&peers->message);
}

static void peer_ready(void *context, int events)
{
	struct peer *peer = peer_hold(context);

	if (events & WATCH_WRITE)
		flush_output(peer);
	if (peer_open(peer) && events & (WATCH_READ | WATCH_HANGUP))
		receive_one(peer);
	peer_release(peer);
}

/* ---- accepting ---- */

static unsigned int count_of_uid(const struct peers *peers, enum peer_kind kind, uid_t uid)
{
	unsigned int count = 0;

	for (const struct peer *peer = peers->first; peer; peer = peer->next)
		if (peer->kind == kind && peer->process.uid == uid)
			count++;
	return count;
}

/* pam.sock believes PAM's facts, so only root speaks there, or whoever runs this jitd (in tests).
 */
static const char *why_not(const struct peers *peers, const struct peer *peer)
{
	uid_t uid = peer->process.uid;

	if (peer->kind == PEER_PAM && uid != 0 && uid != geteuid())
		return "only root's PAM clients may speak here";
	if (uid != 0 && peers->counts[peer->kind] >= PEERS_MAX)
		return "too many connections";
	if (uid != 0 && uid != geteuid() && count_of_uid(peers, peer->kind, uid) >= PEERS_PER_UID)
		return "too many connections of this user";
	return NULL;
}

static void refuse_peer(struct jitd *jitd, const struct peer *peer, const char *why)
{
	struct event event = {.event = EVENT_REFUSED,
	                      .verdict = "deny",
	                      .reason = "connection",
	                      .actor_uid = peer->process.uid,
	                      .pid = peer->process.pid,
	                      .text = why};

	audit_alone(jitd, instant_now(jitd).now, &event);
}

static int peer_new(struct listener *listener, int fd, struct peer **ret_peer)
{
	cleanup(cleanup_free) struct peer *peer = calloc(1, sizeof(*peer));
	const char *why;
	int r;

	if (!peer)
		return -ENOMEM;
	*peer = (struct peer){.jitd = listener->peers->jitd,
	                      .calls = listener->peers->calls,
	                      .kind = listener->kind,
	                      .state = WIRE_IDLE,
	                      .fd = fd,
	                      .holders = 1,
	                      .active = clock_ticks()};
	r = process_of_peer(fd, peer->kind == PEER_PAM ? FACTS_OF_PROCESS : FACTS_OF_PERSON,
	                    &peer->process);
	if (r < 0)
		return r;
	why = why_not(listener->peers, peer);
	if (why) {
		refuse_peer(peer->jitd, peer, why);
		r = -EACCES;
	} else {
		r = loop_watch(peer->jitd->loop, fd, WATCH_READ, peer_ready, peer, &peer->watch);
	}
	if (r < 0) {
		process_done(&peer->process);
		return r;
	}
	*ret_peer = take_ptr(peer);
	return 0;
}

static void sweep_soon(struct peers *peers)
{
	if (peers->sweeping)
		return;
	peers->sweeping = true;
	timer_start(peers->sweep, SWEEP_MS);
}

static void admit(struct listener *listener, int fd)
{
	struct peers *peers = listener->peers;
	struct peer *peer;

	if (peer_new(listener, fd, &peer) < 0) {
		close(fd);
		return;
	}
	peer->last = &peer->first;
	peer->next = peers->first;
	if (peers->first)
		peers->first->previous = peer;
	peers->first = peer;
	peers->counts[peer->kind]++;
	sweep_soon(peers);
}

static void pause_listening(struct listener *listener)
{
	listener->pauses = true;
	best_effort(watch_set(listener->watch, 0));
	sweep_soon(listener->peers);
}

static void accept_ready(void *context, int events)
{
	struct listener *listener = context;

	(void)events;
	for (int i = 0; i < 64; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			admit(listener, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_listening(listener);
		return;
	}
}

static bool is_idle(const struct peer *peer)
{
	bool waits_for_us = peer->state == WIRE_BUSY && !peer->first && !peer->coming_back;
	int64_t allowed = peer->state == WIRE_ASKED ? PEER_ASKED_MS : PEER_IDLE_MS;

	return !waits_for_us && peer->active < clock_ticks() - allowed * 1000000;
}

static void sweep(void *context)
{
	struct peers *peers = context;
	struct peer *peer = peers->first;

	while (peer)
		if (is_idle(peer)) {
			peer_close(peer);
			peer = peers->first; /* what was abandoned may have closed others */
		} else {
			peer = peer->next;
		}
	peers->sweeping = false;
	for (size_t i = 0; i < 2; i++) {
		struct listener *listener = &peers->listeners[i];
		if (listener->pauses)
			listener->pauses = watch_set(listener->watch, WATCH_READ) < 0;
		if (listener->pauses)
			sweep_soon(peers);
	}
	if (peers->first)
		sweep_soon(peers);
}

static int listen_on(struct peers *peers, size_t index, enum peer_kind kind, int fd)
{
	struct listener *listener = &peers->listeners[index];

	*listener = (struct listener){.peers = peers, .kind = kind, .fd = fd};
	return loop_watch(peers->jitd->loop, fd, WATCH_READ, accept_ready, listener,
	                  &listener->watch);
}

int peers_new(struct jitd *jitd, const struct sockets *sockets, const struct peer_calls *calls,
              struct peers **ret_peers)
{
	struct peers *peers = calloc(1, sizeof(*peers));
	int r;

	if (!peers)
		return -ENOMEM;
	peers->jitd = jitd;
	peers->calls = calls;
	r = loop_timer(jitd->loop, sweep, peers, &peers->sweep);
	if (r == 0)
		r = listen_on(peers, 0, PEER_PAM, sockets->pam);
	if (r == 0)
		r = listen_on(peers, 1, PEER_CLIENT, sockets->client);
	if (r < 0) {
		peers_free(peers);
		return r;
	}
	*ret_peers = peers;
	return 0;
}

struct peers *peers_free(struct peers *peers)
{
	if (!peers)
		return NULL;
	while (peers->first)
		peer_close(peers->first);
	for (size_t i = 0; i < 2; i++) {
		watch_free(peers->listeners[i].watch);
		if (peers->listeners[i].watch)
			close(peers->listeners[i].fd);
	}
	timer_free(peers->sweep);
	free(peers);
	return NULL;
}

unsigned int peers_count(const struct peers *peers, enum peer_kind kind)
{
	return peers->counts[kind];
}

unsigned int peers_asked(const struct peers *peers, uid_t uid)
{
	unsigned int count = 0;

	for (const struct peer *peer = peers->first; peer; peer = peer->next)
		if (peer->asking && peer->asked == uid)
			count++;
	return count;
}

void peers_each(struct peers *peers, void (*call)(struct peer *peer, void *context), void *context)
{
	for (struct peer *peer = peers->first, *next; peer; peer = next) {
		next = peer->next;
		peer_hold(peer);
		call(peer, context);
		peer_release(peer);
	}
}
