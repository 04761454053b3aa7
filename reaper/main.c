/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit-reaper: the one part of pam-jit that runs as root. It ends sessions, on jitd's word only, and
 * decides nothing. Each question is answered by a process of its own, so that one session that
 * takes its time to die holds up no other.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/identity.h"
#include "base/listener.h"
#include "base/text.h"
#include "config.h"
#include "reaper/serve.h"

#define CHILDREN_MAX 256

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct arguments {
	const char *listen; /* NULL: the socket comes from systemd */
	const char *user;
};

static const char usage[] =
        "usage: jit-reaper [--listen PATH] [--user NAME]\n"
        "  --listen PATH  make the socket there; without it systemd passes one\n"
        "  --user NAME    the user that jitd runs as: \"jitd\" if not given\n"
        "  --help         print this\n"
        "  --version      print the version\n";

/* ---- the socket ---- */

/* A socket in a directory where others write could be replaced by theirs. */
static int check_folder(const char *path, struct fault *fault)
{
	const struct file_rule rule = {.owner = geteuid(), .forbidden = 022};
	char folder[256];
	char *slash;

	if (*path != '/' || text_copy(folder, sizeof(folder), path) < 0)
		return fault_set(fault, -EINVAL, "--listen %s: not an absolute path", path);
	slash = strrchr(folder, '/');
	if (slash == folder || !slash[1])
		return fault_set(fault, -EINVAL, "--listen %s: not a file in a directory", path);
	*slash = '\0';
	return directory_check(folder, &rule, fault);
}

/* Others cannot even connect; who does is asked for all the same. */
static int make_socket(const char *path, uid_t jitd, int *ret_fd, struct fault *fault)
{
	int r = check_folder(path, fault);

	if (r == 0)
		r = listener_make(path, 0600, ret_fd, fault);
	if (r == 0 && geteuid() == 0 && chown(path, jitd, (gid_t)-1) < 0)
		r = fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	return r;
}

static int take_socket(int *ret_fd, struct fault *fault)
{
	struct sockaddr_un bound;
	uint64_t count = 0;
	int r = listener_passed(&count, fault);

	if (r == 0 && count != 1)
		r = fault_set(fault, -EINVAL,
		              "%s socket comes from systemd: start jit-reaper.socket, or give "
		              "--listen PATH",
		              count ? "more than one" : "no");
	if (r == 0)
		r = listener_take(LISTENER_FIRST, &bound, fault);
	if (r == 0)
		*ret_fd = LISTENER_FIRST;
	return r;
}

/* ---- serving ---- */

/* Of those that ended; waits for one where `wait`. */
static size_t reap_children(size_t children, bool wait)
{
	while (children && waitpid(-1, NULL, wait ? 0 : WNOHANG) > 0) {
		children--;
		wait = false;
	}
	return children;
}

static bool begin(int listener, int connection, uid_t jitd)
{
	pid_t child = fork();

	if (child == 0) {
		close(listener);
		serve(connection, jitd);
		_exit(EXIT_DONE);
	}
	if (child < 0)
		(void)fprintf(stderr, "jit-reaper: no process for a question: %s\n",
		              strerror(errno));
	return child > 0;
}

static int run(int listener, uid_t jitd)
{
	size_t children = 0;

	for (;;) {
		struct pollfd ready = {.fd = listener, .events = POLLIN};
		cleanup(cleanup_close) int connection = -1;

		children = reap_children(children, children >= CHILDREN_MAX);
		if (poll(&ready, 1, children ? 1000 : -1) < 0 && errno != EINTR)
			return -errno;
		connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (connection >= 0)
			children += begin(listener, connection, jitd);
		else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return -errno;
	}
}

static int find_user(const char *name, uid_t *ret_uid, struct fault *fault)
{
	cleanup(cleanup_identity) struct identity *user = NULL;
	int r = identity_by_name(name, &user);

	if (r)
		return fault_set(fault, r < 0 ? r : -ENOENT, "--user %s: no such user", name);
	*ret_uid = user->uid;
	return 0;
}

/* 0: go on; else the exit code + 1. */
static int parse_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
	                                        {"user", required_argument, NULL, 'u'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {"version", no_argument, NULL, 'v'},
	                                        {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			out->listen = optarg;
		else if (option == 'u')
			out->user = optarg;
		else if (option == 'h')
			return (void)fputs(usage, stdout), EXIT_DONE + 1;
		else if (option == 'v')
			return (void)puts("jit-reaper " PACKAGE_VERSION), EXIT_DONE + 1;
		else
			return (void)fputs(usage, stderr), EXIT_USAGE + 1;
	}
	if (optind == argc)
		return 0;
	(void)fprintf(stderr, "jit-reaper: %s: no arguments are taken\n%s", argv[optind], usage);
	return EXIT_USAGE + 1;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.user = "jitd"};
	struct fault fault = {.text = "failed"};
	uid_t jitd = 0;
	int listener = -1, r = parse_arguments(argc, argv, &arguments);

	if (r)
		return r - 1;
	(void)setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	r = find_user(arguments.user, &jitd, &fault);
	if (r == 0)
		r = arguments.listen ? make_socket(arguments.listen, jitd, &listener, &fault)
		                     : take_socket(&listener, &fault);
	if (r == 0) {
		(void)fprintf(stderr, "jit-reaper: ready for uid %u\n", jitd);
		r = run(listener, jitd);
		fault_set(&fault, r, "the socket: %s", strerror(-r));
	}
	(void)fprintf(stderr, "jit-reaper: %s\n", fault.text);
	return EXIT_REFUSED;
}
