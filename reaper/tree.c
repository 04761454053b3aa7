/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "reaper/time.h"

#define ROUND_MS      50 /* between two looks for newcomers */
#define KILL_ROUNDS   64
#define KILL_MS       1000
#define AUDIT_NONE    UINT32_MAX /* unset, or a kernel without it */
#define SEARCH_ROUNDS 32         /* a child may come before its parent in /proc */

struct member {
	struct process_id id;
	uint32_t terminal;
	int pidfd;
	bool fresh; /* has not been signalled yet */
};

struct tree {
	const struct tree_order *order;
	struct member *members;
	size_t count;
	uint32_t audit; /* the session's own; AUDIT_NONE: it has none */
};

static void cleanup_tree(const struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		close(tree->members[i].pidfd);
	free(tree->members);
}

/* ---- who belongs to it ---- */

static uint32_t audit_session_of(int directory)
{
	char text[32];
	uint64_t number;

	if (process_read(directory, "sessionid", text, sizeof(text)) < 0 ||
	    parse_number(text, UINT32_MAX, &number) < 0)
		return AUDIT_NONE;
	return (uint32_t)number;
}

static uint32_t audit_session(pid_t pid)
{
	cleanup(cleanup_close) int directory = process_directory(pid);

	return directory < 0 ? AUDIT_NONE : audit_session_of(directory);
}

static bool is_spared(const struct tree *tree, pid_t pid)
{
	if (pid <= 1 || pid == getpid())
		return true;
	for (size_t i = 0; i < TREE_SPARED_MAX; i++)
		if (tree->order->spared[i] == pid)
			return true;
	return false;
}

/* A number that is held is nobody else's; that of a dead one may be. */
static bool has_parent_in(const struct tree *tree, const struct process_stat *stat)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->members[i].id.pid == stat->parent &&
		    process_alive(tree->members[i].pidfd))
			return true;
	return false;
}

/* As it is now: one that has begun a terminal session of its own holds no number but that. */
static bool holds_session(const struct member *member, pid_t session)
{
	cleanup(cleanup_close) int directory = process_directory(member->id.pid);
	struct process_stat stat;

	return directory >= 0 && process_read_stat(directory, &stat) == 0 &&
	       stat.session == session && process_alive(member->pidfd);
}

/* While one of a terminal session lives, the number of the session is given to nobody else. */
static bool is_of_session_in(const struct tree *tree, const struct process_stat *stat)
{
	bool begun_here = false;

	for (size_t i = 0; i < tree->count; i++)
		begun_here |= tree->members[i].id.pid == stat->session;
	for (size_t i = 0; begun_here && i < tree->count; i++)
		if (holds_session(&tree->members[i], stat->session))
			return true;
	return false;
}

static bool is_known(const struct tree *tree, pid_t pid, uint64_t start_time)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->members[i].id.pid == pid && tree->members[i].id.start_time == start_time)
			return true;
	return false;
}

static int add(struct tree *tree, pid_t pid, const struct process_stat *stat)
{
	struct member member = {.id = {.pid = pid, .start_time = stat->start_time},
	                        .terminal = stat->terminal,
	                        .fresh = true};
	struct member *grown;
	int r = process_reopen(pid, stat->start_time, &member.pidfd);

	if (r < 0)
		return r;
	grown = realloc(tree->members, (tree->count + 1) * sizeof(*grown));
	if (!grown) {
		close(member.pidfd);
		return -ENOMEM;
	}
	tree->members = grown;
	tree->members[tree->count++] = member;
	return 0;
}

static int look_at(struct tree *tree, pid_t pid, bool *ret_new)
{
	cleanup(cleanup_close) int directory = process_directory(pid);
	struct process_stat stat;
	int r;

	if (directory < 0 || process_read_stat(directory, &stat) < 0 ||
	    is_known(tree, pid, stat.start_time))
		return 0;
	if (!has_parent_in(tree, &stat) && !is_of_session_in(tree, &stat) &&
	    (tree->audit == AUDIT_NONE || audit_session_of(directory) != tree->audit))
		return 0;
	r = add(tree, pid, &stat);
	*ret_new |= r == 0;
	return r == -ESRCH ? 0 : r; /* it died meanwhile */
}

static int look_once(struct tree *tree, DIR *proc, bool *ret_new)
{
	const struct dirent *entry;
	uint64_t pid;
	int r = 0;

	rewinddir(proc);
	while (r == 0 && (entry = readdir(proc)) != NULL)
		if (parse_number(entry->d_name, INT32_MAX, &pid) == 0 &&
		    !is_spared(tree, (pid_t)pid))
			r = look_at(tree, (pid_t)pid, ret_new);
	return r;
}

/* Until nobody new is found. */
static int find_members(struct tree *tree, bool *ret_new)
{
	cleanup(cleanup_closedir) DIR *proc = opendir("/proc");
	bool more = true;
	int r = 0;

	*ret_new = false;
	if (!proc)
		return -errno;
	for (int round = 0; r == 0 && more && round < SEARCH_ROUNDS; round++) {
		more = false;
		r = look_once(tree, proc, &more);
		*ret_new |= more;
	}
	return r;
}

static int find_opener(struct tree *tree)
{
	const struct process_id *opener = &tree->order->opener;
	cleanup(cleanup_close) int directory = process_directory(opener->pid);
	struct process_stat stat;
	uint32_t own;

	if (is_spared(tree, opener->pid))
		return -EPERM;
	if (directory < 0 || process_read_stat(directory, &stat) < 0 ||
	    stat.start_time != opener->start_time)
		return -ESRCH;
	own = audit_session_of(directory);
	if (own != AUDIT_NONE && own != audit_session(stat.parent))
		tree->audit = own;
	return add(tree, opener->pid, &stat);
}

/* ---- signals ---- */

static void send_signal(const struct member *member, int number)
{
	/* who is dead already needs none */
	(void)syscall(SYS_pidfd_send_signal, member->pidfd, number, NULL, 0);
}

/* A stopped one must run to heed it. */
static void ask_to_end(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		struct member *member = &tree->members[i];
		if (!member->fresh)
			continue;
		member->fresh = false;
		send_signal(member, SIGTERM);
		if (i) /* the opener: sshd and sudo see to their own on TERM */
			send_signal(member, SIGHUP);
		send_signal(member, SIGCONT);
	}
}

static void send_all(const struct tree *tree, int number)
{
	for (size_t i = 0; i < tree->count; i++)
		send_signal(&tree->members[i], number);
}

static size_t count_alive(const struct tree *tree)
{
	size_t alive = 0;

	for (size_t i = 0; i < tree->count; i++)
		alive += process_alive(tree->members[i].pidfd);
	return alive;
}

/* Until one of them dies, at most `ms`. */
static void wait_for_a_death(const struct tree *tree, int64_t ms)
{
	struct pollfd first = {.fd = -1, .events = POLLIN};

	for (size_t i = 0; first.fd < 0 && i < tree->count; i++)
		if (process_alive(tree->members[i].pidfd))
			first.fd = tree->members[i].pidfd;
	(void)poll(&first, 1, (int)ms);
}

static int end_gently(struct tree *tree)
{
	int64_t until = time_ms() + tree->order->grace_ms;
	bool more = true;
	int r = 0;

	while (r == 0 && (more || (count_alive(tree) && time_ms() < until))) {
		ask_to_end(tree);
		if (!more)
			wait_for_a_death(tree, ROUND_MS);
		r = find_members(tree, &more);
		more = more && time_ms() < until;
	}
	return r;
}

/* All stand still before the first is killed: what is killed while it forks leaves an orphan. */
static int end_by_force(struct tree *tree)
{
	int64_t until = time_ms() + KILL_MS;
	bool more = true;
	int r = 0;

	for (int round = 0; r == 0 && round < KILL_ROUNDS && more; round++) {
		send_all(tree, SIGSTOP);
		r = find_members(tree, &more);
	}
	do {
		send_all(tree, SIGKILL);
		wait_for_a_death(tree, ROUND_MS);
		if (r == 0)
			r = find_members(tree, &more);
	} while (count_alive(tree) && time_ms() < until);
	return r;
}

static int tell_who_lives(const struct tree *tree, struct fault *fault)
{
	char names[FAULT_SIZE / 2] = "";
	size_t alive = count_alive(tree);

	for (size_t i = 0; i < tree->count; i++)
		if (process_alive(tree->members[i].pidfd))
			best_effort(text_format(names + strlen(names),
			                        sizeof(names) - strlen(names), " %d",
			                        tree->members[i].id.pid));
	return fault_set(fault, -EBUSY, "%zu of its processes live%s on, killed and all:%s", alive,
	                 alive == 1 ? "s" : "", names);
}

int tree_end(const struct tree_order *order, struct fault *fault)
{
	cleanup(cleanup_tree) struct tree tree = {.order = order, .audit = AUDIT_NONE};
	bool more;
	int r = find_opener(&tree);

	if (r < 0)
		return fault_set(fault, r, "process %d: %s", order->opener.pid, strerror(-r));
	r = find_members(&tree, &more); /* before the first signal: it makes orphans */
	if (r == 0)
		r = end_gently(&tree);
	if (r == 0 && count_alive(&tree))
		r = end_by_force(&tree);
	if (r == 0 && count_alive(&tree))
		return tell_who_lives(&tree, fault);
	return r < 0 ? fault_set(fault, r, "its processes are not to be found: %s", strerror(-r))
	             : 0;
}

static void note(uint32_t terminal, uint32_t *terminals, size_t max, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (terminals[i] == terminal)
			return;
	if (terminal && *count < max)
		terminals[(*count)++] = terminal;
}

int tree_terminals(const struct process_id *opener, uint32_t *ret_terminals, size_t max,
                   size_t *ret_count)
{
	const struct tree_order order = {.opener = *opener};
	cleanup(cleanup_tree) struct tree tree = {.order = &order, .audit = AUDIT_NONE};
	bool more;
	int r = find_opener(&tree);

	*ret_count = 0;
	if (r == 0 && !tree.members[0].terminal)
		r = find_members(&tree, &more);
	for (size_t i = 0; r == 0 && i < tree.count; i++)
		note(tree.members[i].terminal, ret_terminals, max, ret_count);
	return r;
}
