/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking calls over the system bus, as reaper/systemd makes them. SYSTEMD_NONE where systemd says
 * that there is no such unit, else -errno with the line that says what was asked and what came.
 */
#ifndef JIT_REAPER_SYSTEMD_BUS_H
#define JIT_REAPER_SYSTEMD_BUS_H

#include <dbus/dbus.h>

#include "reaper/systemd.h"

#define SYSTEMD      "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER      SYSTEMD ".Manager"
#define UNIT         SYSTEMD ".Unit"
#define LOGIND       "org.freedesktop.login1"
#define LOGIND_PATH  "/org/freedesktop/login1"
#define PROPERTIES   "org.freedesktop.DBus.Properties"
#define NO_SUCH_UNIT SYSTEMD ".NoSuchUnit"

struct systemd {
	DBusConnection *bus;
	int64_t deadline; /* ms on CLOCK_MONOTONIC */
};

static inline void cleanup_message(DBusMessage **where)
{
	if (*where)
		dbus_message_unref(*where);
}

int bus_left(const struct systemd *systemd); /* ms until its deadline, at least 1 */
/* Takes the error over. */
int bus_fault(struct fault *fault, const char *what, DBusError *error);
DBusMessage *bus_new_call(const char *name, const char *path, const char *interface,
                          const char *method); /* NULL: no memory */
must_check int bus_call(struct systemd *systemd, DBusMessage *message, DBusMessage **ret_reply,
                        struct fault *fault);
/* Arguments as for dbus_message_append_args(), ended by DBUS_TYPE_INVALID. */
must_check int bus_ask(struct systemd *systemd, const char *name, const char *path,
                       const char *interface, const char *method, DBusMessage **ret_reply,
                       struct fault *fault, int first, ...);
must_check int bus_path(DBusMessage *reply, char *ret_path, size_t size, struct fault *fault);
/* The value of a property, with the iterator on it; the reply is the caller's. */
must_check int bus_property(struct systemd *systemd, const char *name, const char *path,
                            const char *interface, const char *property, DBusMessage **ret_reply,
                            DBusMessageIter *ret_value, struct fault *fault);
must_check int bus_text(struct systemd *systemd, const char *name, const char *path,
                        const char *interface, const char *property, char *ret_text, size_t size,
                        struct fault *fault);

#endif
