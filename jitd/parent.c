/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/parent.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/session.h"

#define STEPS_MAX   64
#define CGROUP_SIZE 4096

/* ---- by descent ---- */

static bool is_process(const struct process_id *opener, const void *context)
{
	const struct process_id *process = context;

	return process->start_time && opener->pid == process->pid &&
	       opener->start_time == process->start_time;
}

static bool read_stat(pid_t pid, struct process_stat *ret_stat)
{
	cleanup(cleanup_close) int directory = process_directory(pid);

	return directory >= 0 && process_read_stat(directory, ret_stat) == 0;
}

static bool find_ancestor(const struct jitd *jitd, pid_t pid, uint32_t *ret_access,
                          uint32_t *ret_number)
{
	struct process_stat stat;

	for (int step = 0; step < STEPS_MAX && pid > 1 && read_stat(pid, &stat); step++) {
		const struct process_id process = {.pid = pid, .start_time = stat.start_time};
		if (step && session_find(jitd, is_process, &process, ret_access, ret_number))
			return true;
		pid = stat.parent;
	}
	return false;
}

/* ---- by scope ---- */

/* The path of cgroup 2, if it is a scope of a login or of ours. */
static bool read_scope(pid_t pid, char *ret_scope, size_t size)
{
	cleanup(cleanup_close) int directory = process_directory(pid);
	char text[CGROUP_SIZE], *line, *name;

	if (directory < 0 || process_read(directory, "cgroup", text, sizeof(text)) < 0)
		return false;
	line = strstr(text, "0::/");
	if (!line || (line != text && line[-1] != '\n'))
		return false;
	line[strcspn(line, "\n")] = '\0';
	name = strrchr(line, '/') + 1;
	if (strncmp(name, "session-", 8) != 0 && strncmp(name, "jit-", 4) != 0)
		return false;
	return text_copy(ret_scope, size, line) == 0;
}

static bool is_in_scope(const struct process_id *opener, const void *scope)
{
	char found[CGROUP_SIZE];

	return read_scope(opener->pid, found, sizeof(found)) && !strcmp(found, scope);
}

bool parent_find(const struct jitd *jitd, const struct peer_process *process, uint32_t *ret_access,
                 uint32_t *ret_number)
{
	char scope[CGROUP_SIZE];

	if (find_ancestor(jitd, process->pid, ret_access, ret_number))
		return true;
	return read_scope(process->pid, scope, sizeof(scope)) &&
	       session_find(jitd, is_in_scope, scope, ret_access, ret_number);
}
