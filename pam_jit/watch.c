/* SPDX-License-Identifier: Apache-2.0 */
/* The module's calls out, found here first because the program exports them. */
/* ... and not defined in the headers already, as they are when fortified. */
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pam_jit/stage.h"

#define EXPORT __attribute__((visibility("default")))

struct watch watch;

void watch_clear(void)
{
	watch = (struct watch){.uid = 1000, .server_uid = KEEP, .owner_uid = KEEP};
	person = (struct person){.types = ""};
}

/* Only where the module itself calls: what libpam does around the hook (audit) is not ours. */
static bool fails(const char *name, const void *caller)
{
	Dl_info from;

	if (!watch.fail_at || !dladdr(caller, &from) || !strstr(from.dli_fname, "pam_jit.so"))
		return false;
	if (++watch.reached != watch.fail_at)
		return false;
	watch.failed = name;
	errno = ENOMEM;
	return true;
}

/* The real one, once it is known that it shall not fail. */
#define WATCH(type, name, failure, parameters, ...)                                                \
	EXPORT type name parameters;                                                               \
	EXPORT type name parameters                                                                \
	{                                                                                          \
		type(*real) parameters;                                                            \
		void *found;                                                                       \
                                                                                                   \
		if (fails(#name, __builtin_return_address(0)))                                     \
			return failure;                                                            \
		found = dlsym(RTLD_NEXT, #name);                                                   \
		memcpy(&real, &found, sizeof(real));                                               \
		return real(__VA_ARGS__);                                                          \
	}

WATCH(int, socket, -1, (int domain, int type, int protocol), domain, type, protocol)
WATCH(int, connect, -1, (int fd, const struct sockaddr *address, socklen_t length), fd, address,
      length)
WATCH(ssize_t, send, -1, (int fd, const void *data, size_t length, int flags), fd, data, length,
      flags)
WATCH(ssize_t, recv, -1, (int fd, void *data, size_t length, int flags), fd, data, length, flags)
WATCH(int, poll, -1, (struct pollfd * fds, nfds_t count, int timeout), fds, count, timeout)
WATCH(ssize_t, getrandom, -1, (void *data, size_t length, unsigned int flags), data, length, flags)
WATCH(int, pam_get_item, PAM_SYSTEM_ERR, (const pam_handle_t *pamh, int item, const void **value),
      pamh, item, value)
WATCH(int, pam_get_data, PAM_SYSTEM_ERR,
      (const pam_handle_t *pamh, const char *name, const void **data), pamh, name, data)
WATCH(int, pam_putenv, PAM_BUF_ERR, (pam_handle_t * pamh, const char *name), pamh, name)

#if !defined(JIT_SANITIZED)
void *__libc_calloc(size_t count, size_t size);
EXPORT void *calloc(size_t count, size_t size)
{
	return fails("calloc", __builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}
#endif

EXPORT int pam_set_data(pam_handle_t *pamh, const char *name, void *data,
                        void (*release)(pam_handle_t *, void *, int))
{
	int (*real)(pam_handle_t *, const char *, void *, void (*)(pam_handle_t *, void *, int));
	void *found = dlsym(RTLD_NEXT, "pam_set_data");

	memcpy(&real, &found, sizeof(real));
	if (fails("pam_set_data", __builtin_return_address(0)))
		return PAM_BUF_ERR;
	if (strcmp(name, "systemd.runtime_max_sec") == 0)
		snprintf(watch.runtime_max, sizeof(watch.runtime_max), "%s", (char *)data);
	return real(pamh, name, data, release);
}

EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	struct ucred *peer = value;

	if (fails("getsockopt", __builtin_return_address(0)))
		return -1;
	if (syscall(SYS_getsockopt, fd, level, name, value, length) < 0)
		return -1;
	if (name == SO_PEERCRED && watch.server_uid != KEEP)
		peer->uid = watch.server_uid;
	return 0;
}

EXPORT int lstat(const char *path, struct stat *found)
{
	if (fails("lstat", __builtin_return_address(0)))
		return -1;
	if (fstatat(AT_FDCWD, path, found, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (watch.owner_uid != KEEP)
		found->st_uid = watch.owner_uid;
	return 0;
}

EXPORT uid_t getuid(void)
{
	return watch.uid;
}

EXPORT void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
	char line[1024];
	size_t used = strlen(watch.everything_logged);
	va_list arguments;

	(void)pamh;
	(void)priority;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	snprintf(watch.everything_logged + used, sizeof(watch.everything_logged) - used, "%s\n",
	         line);
	if (strncmp(line, "denied: ", 8) != 0)
		return;
	watch.denials++;
	memcpy(watch.log, line, sizeof(line));
}
