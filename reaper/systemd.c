/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper/systemd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reaper/systemd_bus.h"
#include "reaper/time.h"

#define GRACE_MS    300
#define LOOK_MS     10
#define UNIT_SIZE   64
#define CGROUP_SIZE 4096

bool systemd_runs(void)
{
	struct stat found;

	return lstat("/run/systemd/system", &found) == 0 && S_ISDIR(found.st_mode);
}

/* ---- making a scope ---- */

static int unit_of(const char *session, char ret_unit[static UNIT_SIZE])
{
	return text_format(ret_unit, UNIT_SIZE, "jit-%s.scope", session);
}

static bool add_property(DBusMessageIter *list, const char *name, const char *signature, int type,
                         const void *value)
{
	DBusMessageIter pair, variant;

	return dbus_message_iter_open_container(list, DBUS_TYPE_STRUCT, NULL, &pair) &&
	       dbus_message_iter_append_basic(&pair, DBUS_TYPE_STRING, &name) &&
	       dbus_message_iter_open_container(&pair, DBUS_TYPE_VARIANT, signature, &variant) &&
	       dbus_message_iter_append_basic(&variant, type, value) &&
	       dbus_message_iter_close_container(&pair, &variant) &&
	       dbus_message_iter_close_container(list, &pair);
}

static bool add_pid(DBusMessageIter *list, dbus_uint32_t pid)
{
	const char *name = "PIDs";
	DBusMessageIter pair, variant, array;

	return dbus_message_iter_open_container(list, DBUS_TYPE_STRUCT, NULL, &pair) &&
	       dbus_message_iter_append_basic(&pair, DBUS_TYPE_STRING, &name) &&
	       dbus_message_iter_open_container(&pair, DBUS_TYPE_VARIANT, "au", &variant) &&
	       dbus_message_iter_open_container(&variant, DBUS_TYPE_ARRAY, "u", &array) &&
	       dbus_message_iter_append_basic(&array, DBUS_TYPE_UINT32, &pid) &&
	       dbus_message_iter_close_container(&variant, &array) &&
	       dbus_message_iter_close_container(&pair, &variant) &&
	       dbus_message_iter_close_container(list, &pair);
}

static bool add_properties(DBusMessageIter *list, pid_t pid, uint32_t seconds)
{
	const dbus_uint64_t runtime = (dbus_uint64_t)seconds * 1000000, stop = GRACE_MS * 1000;
	const dbus_bool_t yes = TRUE;
	const char *collect = "inactive-or-failed";
	const char *description = "Just-in-time elevation";

	return add_pid(list, (dbus_uint32_t)pid) &&
	       add_property(list, "Description", "s", DBUS_TYPE_STRING, &description) &&
	       add_property(list, "RuntimeMaxUSec", "t", DBUS_TYPE_UINT64, &runtime) &&
	       add_property(list, "TimeoutStopUSec", "t", DBUS_TYPE_UINT64, &stop) &&
	       add_property(list, "SendSIGHUP", "b", DBUS_TYPE_BOOLEAN, &yes) &&
	       add_property(list, "CollectMode", "s", DBUS_TYPE_STRING, &collect);
}

/* StartTransientUnit(s name, s mode, a(sv) properties, a(sa(sv)) aux) */
static DBusMessage *start_call(const char *unit, pid_t pid, uint32_t seconds)
{
	cleanup(cleanup_message) DBusMessage *message =
	        bus_new_call(SYSTEMD, SYSTEMD_PATH, MANAGER, "StartTransientUnit");
	const char *mode = "fail";
	DBusMessageIter iter, list;

	if (!message)
		return NULL;
	dbus_message_iter_init_append(message, &iter);
	if (!dbus_message_iter_append_basic(&iter, DBUS_TYPE_STRING, &unit) ||
	    !dbus_message_iter_append_basic(&iter, DBUS_TYPE_STRING, &mode) ||
	    !dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "(sv)", &list) ||
	    !add_properties(&list, pid, seconds) ||
	    !dbus_message_iter_close_container(&iter, &list) ||
	    !dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "(sa(sv))", &list) ||
	    !dbus_message_iter_close_container(&iter, &list))
		return NULL;
	return take_ptr(message);
}

/* JobRemoved(u id, o job, s unit, s result) */
static bool is_end_of(DBusMessage *message, const char *job, char *ret_result, size_t size)
{
	const char *path, *unit, *result;
	dbus_uint32_t id;

	return dbus_message_is_signal(message, MANAGER, "JobRemoved") &&
	       dbus_message_get_args(message, NULL, DBUS_TYPE_UINT32, &id, DBUS_TYPE_OBJECT_PATH,
	                             &path, DBUS_TYPE_STRING, &unit, DBUS_TYPE_STRING, &result,
	                             DBUS_TYPE_INVALID) &&
	       !strcmp(path, job) && text_copy(ret_result, size, result) == 0;
}

static int wait_for_job(struct systemd *systemd, const char *job, struct fault *fault)
{
	char result[32] = "";

	while (!result[0]) {
		cleanup(cleanup_message) DBusMessage *message =
		        dbus_connection_pop_message(systemd->bus);
		if (message) {
			(void)is_end_of(message, job, result, sizeof(result));
			continue;
		}
		if (time_ms() >= systemd->deadline)
			return fault_set(fault, -ETIMEDOUT, "systemd does not come to an end");
		if (!dbus_connection_read_write(systemd->bus, bus_left(systemd)))
			return fault_set(fault, -ECONNRESET, "the system bus hung up");
	}
	if (strcmp(result, "done") != 0)
		return fault_set(fault, -EIO, "the job ended as %s", result);
	return 0;
}

static int subscribe(struct systemd *systemd, struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	DBusError error = DBUS_ERROR_INIT;

	dbus_bus_add_match(systemd->bus,
	                   "type='signal',sender='" SYSTEMD "',interface='" MANAGER
	                   "',member='JobRemoved'",
	                   &error);
	if (dbus_error_is_set(&error))
		return bus_fault(fault, "AddMatch", &error);
	return bus_ask(systemd, SYSTEMD, SYSTEMD_PATH, MANAGER, "Subscribe", &reply, fault,
	               DBUS_TYPE_INVALID);
}

/* The line of cgroup 2 in /proc/PID/cgroup ends in the unit's name. */
static bool is_inside(pid_t pid, int pidfd, const char *unit)
{
	cleanup(cleanup_close) int directory = process_directory(pid);
	char text[CGROUP_SIZE], wanted[UNIT_SIZE + 4];
	const char *line;

	if (directory < 0 || process_read(directory, "cgroup", text, sizeof(text)) < 0 ||
	    text_format(wanted, sizeof(wanted), "/%s\n", unit) < 0 || !process_alive(pidfd))
		return false;
	/* where cgroup 1 is in use too, systemd's own hierarchy says it */
	line = strstr(text, "0::");
	if (line && (line == text || line[-1] == '\n') && strstr(line, wanted))
		return true;
	line = strstr(text, ":name=systemd:");
	return line && strstr(line, wanted);
}

int systemd_scope(struct systemd *systemd, const char *session, pid_t pid, int pidfd,
                  uint32_t seconds, struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *message = NULL;
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	char unit[UNIT_SIZE], job[256];
	int r = unit_of(session, unit);

	if (r == 0)
		message = start_call(unit, pid, seconds);
	if (!message)
		return fault_set(fault, -ENOMEM, "no memory");
	r = subscribe(systemd, fault);
	if (r == 0)
		r = bus_call(systemd, message, &reply, fault);
	if (r == 0)
		r = bus_path(reply, job, sizeof(job), fault);
	if (r == 0)
		r = wait_for_job(systemd, job, fault);
	if (r == 0 && !is_inside(pid, pidfd, unit))
		r = fault_set(fault, -EIO, "process %d is not in %s", pid, unit);
	return r > 0 ? -EIO : r;
}

/* ---- ending units ---- */

/* SYSTEMD_NONE: gone, or empty of processes. */
static int unit_lives(struct systemd *systemd, const char *unit, struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	char path[256], state[32];
	int r = bus_ask(systemd, SYSTEMD, SYSTEMD_PATH, MANAGER, "GetUnit", &reply, fault,
	                DBUS_TYPE_STRING, &unit, DBUS_TYPE_INVALID);

	if (r == 0)
		r = bus_path(reply, path, sizeof(path), fault);
	if (r == 0)
		r = bus_text(systemd, SYSTEMD, path, UNIT, "ActiveState", state, sizeof(state),
		             fault);
	if (r)
		return r;
	return strcmp(state, "inactive") != 0 && strcmp(state, "failed") != 0 ? 0 : SYSTEMD_NONE;
}

static void kill_unit(struct systemd *systemd, const char *unit)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	const char *whom = "all";
	const dbus_int32_t number = SIGKILL;
	struct fault fault;

	/* gone meanwhile is as good */
	best_effort(bus_ask(systemd, SYSTEMD, SYSTEMD_PATH, MANAGER, "KillUnit", &reply, &fault,
	                    DBUS_TYPE_STRING, &unit, DBUS_TYPE_STRING, &whom, DBUS_TYPE_INT32,
	                    &number, DBUS_TYPE_INVALID));
}

/* What was asked to stop is killed after the grace, again and again. */
static int wait_for_end(struct systemd *systemd, const char *unit, struct fault *fault)
{
	int64_t kill_at = time_ms() + GRACE_MS;

	for (;;) {
		int r = unit_lives(systemd, unit, fault);
		if (r)
			return r == SYSTEMD_NONE ? 0 : r;
		if (time_ms() >= systemd->deadline)
			return fault_set(fault, -EBUSY, "%s: something in it lives on", unit);
		if (time_ms() >= kill_at) {
			kill_unit(systemd, unit);
			kill_at = time_ms() + GRACE_MS;
		}
		time_sleep(LOOK_MS);
	}
}

static int stop_unit(struct systemd *systemd, const char *unit, struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	const char *mode = "replace";

	return bus_ask(systemd, SYSTEMD, SYSTEMD_PATH, MANAGER, "StopUnit", &reply, fault,
	               DBUS_TYPE_STRING, &unit, DBUS_TYPE_STRING, &mode, DBUS_TYPE_INVALID);
}

int systemd_end_scope(struct systemd *systemd, const char *session, struct fault *fault)
{
	char unit[UNIT_SIZE];
	int r = unit_of(session, unit);

	if (r == 0)
		r = unit_lives(systemd, unit, fault);
	if (r)
		return r;
	r = stop_unit(systemd, unit, fault);
	if (r == 0)
		r = wait_for_end(systemd, unit, fault);
	return r == SYSTEMD_NONE ? 0 : r;
}

/* ---- logins ---- */

struct login {
	char path[256], id[64], scope[UNIT_SIZE];
	uint32_t uid;
};

static int get_leader(struct systemd *systemd, const char *path, pid_t *ret_leader,
                      struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	DBusMessageIter value;
	dbus_uint32_t leader = 0;
	int r = bus_property(systemd, LOGIND, path, LOGIND ".Session", "Leader", &reply, &value,
	                     fault);

	if (r)
		return r;
	if (dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_UINT32)
		return fault_set(fault, -EIO, "Leader: not a number");
	dbus_message_iter_get_basic(&value, &leader);
	*ret_leader = (pid_t)leader;
	return 0;
}

/* User: (uo) */
static int get_uid(struct systemd *systemd, const char *path, uint32_t *ret_uid,
                   struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	DBusMessageIter value, pair;
	int r = bus_property(systemd, LOGIND, path, LOGIND ".Session", "User", &reply, &value,
	                     fault);

	if (r)
		return r;
	if (dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_STRUCT)
		return fault_set(fault, -EIO, "User: not a pair");
	dbus_message_iter_recurse(&value, &pair);
	if (dbus_message_iter_get_arg_type(&pair) != DBUS_TYPE_UINT32)
		return fault_set(fault, -EIO, "User: not a number");
	dbus_message_iter_get_basic(&pair, ret_uid);
	return 0;
}

/* sudo and su run in a login that somebody else leads: that is not theirs. */
static int find_login(struct systemd *systemd, pid_t leader, struct login *login,
                      struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	const dbus_uint32_t pid = (dbus_uint32_t)leader;
	pid_t found = 0;
	int r = bus_ask(systemd, LOGIND, LOGIND_PATH, LOGIND ".Manager", "GetSessionByPID", &reply,
	                fault, DBUS_TYPE_UINT32, &pid, DBUS_TYPE_INVALID);

	if (r)
		return SYSTEMD_NONE; /* NoSessionForPID, or no logind: then no login of its */
	r = bus_path(reply, login->path, sizeof(login->path), fault);
	if (r == 0)
		r = get_leader(systemd, login->path, &found, fault);
	if (r == 0 && found != leader)
		return SYSTEMD_NONE;
	if (r == 0)
		r = get_uid(systemd, login->path, &login->uid, fault);
	if (r == 0)
		r = bus_text(systemd, LOGIND, login->path, LOGIND ".Session", "Id", login->id,
		             sizeof(login->id), fault);
	if (r == 0)
		r = bus_text(systemd, LOGIND, login->path, LOGIND ".Session", "Scope", login->scope,
		             sizeof(login->scope), fault);
	return r > 0 ? -EIO : r;
}

static int end_manager(struct systemd *systemd, uint32_t uid, struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	const dbus_bool_t no = FALSE;
	const dbus_uint32_t user = uid;
	struct fault ignored;
	char unit[UNIT_SIZE];
	int r = text_format(unit, sizeof(unit), "user@%u.service", uid);

	/* first: else logind would start it again. A user that logind knows no more lingers not. */
	best_effort(bus_ask(systemd, LOGIND, LOGIND_PATH, LOGIND ".Manager", "SetUserLinger",
	                    &reply, &ignored, DBUS_TYPE_UINT32, &user, DBUS_TYPE_BOOLEAN, &no,
	                    DBUS_TYPE_BOOLEAN, &no, DBUS_TYPE_INVALID));
	if (r == 0)
		r = unit_lives(systemd, unit, fault);
	if (r == 0)
		r = stop_unit(systemd, unit, fault);
	if (r == 0)
		r = wait_for_end(systemd, unit, fault);
	return r == SYSTEMD_NONE ? 0 : r;
}

int systemd_end_login(struct systemd *systemd, pid_t leader, int pidfd, bool last,
                      struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	struct login login = {.path = ""};
	const char *id = login.id;
	int r = find_login(systemd, leader, &login, fault);

	if (r)
		return r;
	if (!process_alive(pidfd))
		return SYSTEMD_NONE; /* logind goes by the number, which may be another's by now */
	r = bus_ask(systemd, LOGIND, LOGIND_PATH, LOGIND ".Manager", "TerminateSession", &reply,
	            fault, DBUS_TYPE_STRING, &id, DBUS_TYPE_INVALID);
	if (r == 0)
		r = wait_for_end(systemd, login.scope, fault);
	if (r == 0 && last)
		r = end_manager(systemd, login.uid, fault);
	return r > 0 ? -EIO : r;
}
