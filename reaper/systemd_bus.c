/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper/systemd_bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reaper/time.h"

int bus_left(const struct systemd *systemd)
{
	int64_t ms = systemd->deadline - time_ms();

	return ms < 1 ? 1 : (int)ms;
}

/* Takes the error over. */
int bus_fault(struct fault *fault, const char *what, DBusError *error)
{
	int r = dbus_error_has_name(error, NO_SUCH_UNIT) ? SYSTEMD_NONE : -EIO;

	fault_set(fault, r, "%s: %s", what, error->message ? error->message : "no memory");
	dbus_error_free(error);
	return r;
}

DBusMessage *bus_new_call(const char *name, const char *path, const char *interface,
                          const char *method)
{
	DBusMessage *message = dbus_message_new_method_call(name, path, interface, method);

	if (message)
		dbus_message_set_allow_interactive_authorization(message, FALSE);
	return message;
}

int bus_call(struct systemd *systemd, DBusMessage *message, DBusMessage **ret_reply,
             struct fault *fault)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *reply = dbus_connection_send_with_reply_and_block(systemd->bus, message,
	                                                               bus_left(systemd), &error);

	if (!reply)
		return bus_fault(fault, dbus_message_get_member(message), &error);
	*ret_reply = reply;
	return 0;
}

/* Arguments as for dbus_message_append_args(), ended by DBUS_TYPE_INVALID. */
int bus_ask(struct systemd *systemd, const char *name, const char *path, const char *interface,
            const char *method, DBusMessage **ret_reply, struct fault *fault, int first, ...)
{
	cleanup(cleanup_message) DBusMessage *message = bus_new_call(name, path, interface, method);
	bool whole = false;
	va_list arguments;

	va_start(arguments, first);
	if (message)
		whole = dbus_message_append_args_valist(message, first, arguments);
	va_end(arguments);
	if (!whole)
		return fault_set(fault, -ENOMEM, "%s: no memory", method);
	return bus_call(systemd, message, ret_reply, fault);
}

int bus_path(DBusMessage *reply, char *ret_path, size_t size, struct fault *fault)
{
	DBusError error = DBUS_ERROR_INIT;
	const char *path = NULL;

	if (!dbus_message_get_args(reply, &error, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID))
		return bus_fault(fault, "answer", &error);
	if (text_copy(ret_path, size, path) < 0)
		return fault_set(fault, -ENAMETOOLONG, "%s: too long", path);
	return 0;
}

/* The value of a property, with the iterator on it; the reply is the caller's. */
int bus_property(struct systemd *systemd, const char *name, const char *path, const char *interface,
                 const char *property, DBusMessage **ret_reply, DBusMessageIter *ret_value,
                 struct fault *fault)
{
	DBusMessageIter iter;
	int r = bus_ask(systemd, name, path, PROPERTIES, "Get", ret_reply, fault, DBUS_TYPE_STRING,
	                &interface, DBUS_TYPE_STRING, &property, DBUS_TYPE_INVALID);

	if (r)
		return r;
	if (!dbus_message_iter_init(*ret_reply, &iter) ||
	    dbus_message_iter_get_arg_type(&iter) != DBUS_TYPE_VARIANT)
		return fault_set(fault, -EIO, "%s: not what it ought to be", property);
	dbus_message_iter_recurse(&iter, ret_value);
	return 0;
}

int bus_text(struct systemd *systemd, const char *name, const char *path, const char *interface,
             const char *property, char *ret_text, size_t size, struct fault *fault)
{
	cleanup(cleanup_message) DBusMessage *reply = NULL;
	DBusMessageIter value;
	const char *text = NULL;
	int r = bus_property(systemd, name, path, interface, property, &reply, &value, fault);

	if (r)
		return r;
	if (dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_STRING)
		return fault_set(fault, -EIO, "%s: not a text", property);
	dbus_message_iter_get_basic(&value, &text);
	r = text_copy(ret_text, size, text);
	return r < 0 ? fault_set(fault, r, "%s: too long", property) : 0;
}

int systemd_connect(int64_t patience_ms, struct systemd **ret_systemd, struct fault *fault)
{
	DBusError error = DBUS_ERROR_INIT;
	struct systemd *systemd = calloc(1, sizeof(*systemd));

	if (!systemd)
		return fault_set(fault, -ENOMEM, "no memory");
	systemd->deadline = time_ms() + patience_ms;
	systemd->bus = dbus_bus_get_private(DBUS_BUS_SYSTEM, &error);
	if (!systemd->bus) {
		int r = bus_fault(fault, "the system bus", &error);
		free(systemd);
		return r;
	}
	dbus_connection_set_exit_on_disconnect(systemd->bus, FALSE);
	*ret_systemd = systemd;
	return 0;
}

struct systemd *systemd_free(struct systemd *systemd)
{
	if (!systemd)
		return NULL;
	dbus_connection_close(systemd->bus);
	dbus_connection_unref(systemd->bus);
	free(systemd);
	return NULL;
}
