/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "config.h"
#include "jitd/sockets.h"

#define PULSE_MS    500
#define PATIENCE_MS 20000

/* ---- directories ---- */

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fchmod(fileno(file), 0644), 0);
	assert_int_equal(fclose(file), 0);
}

void host_rules(const struct host *host, const char *rules)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/policy/test.conf", host->directory);
	write_file(path, rules);
}

static void conf_text(const struct host *host, const char *settings, char *text, size_t size)
{
	const char *d = host->directory;
	bool limited = settings && strstr(settings, "requests-per-minute");
	int length = snprintf(text, size,
	                      "host-id = \"test.example.org\"\nuser = \"daemon\"\n"
	                      "state-dir = \"%s/state\"\nsocket-dir = \"%s/sockets\"\n"
	                      "policy-dir = \"%s/policy\"\n%s%s",
	                      d, d, d, limited ? "" : "requests-per-minute = 2000\n",
	                      settings ? settings : "");

	assert_true(length > 0 && (size_t)length < size);
}

void host_settings(const struct host *host, const char *settings)
{
	char path[128], text[16384];

	conf_text(host, settings, text, sizeof(text));
	snprintf(path, sizeof(path), "%s/jitd.conf", host->directory);
	write_file(path, text);
}

void host_make(struct host *host, const char *rules, const char *settings)
{
	static const char *const names[] = {"sockets", "policy"};
	char path[128];

	*host = (struct host){.log = -1};
	snprintf(host->directory, sizeof(host->directory), "/tmp/jitd-test.XXXXXX");
	assert_non_null(mkdtemp(host->directory));
	assert_int_equal(chmod(host->directory, 0755), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", host->directory, names[i]);
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(chmod(path, 0755), 0);
	}
	host_rules(host, rules);
	host_settings(host, settings);
	snprintf(path, sizeof(path), "%s/log", host->directory);
	host->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	assert_true(host->log >= 0);
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *where)
{
	(void)found;
	(void)type;
	(void)where;
	return remove(path);
}

void host_remove(struct host *host)
{
	host_stop(host);
	cleanup_close(&host->log);
	assert_int_equal(nftw(host->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- here ---- */

/* jitd's lines go to its log; a sanitizer's must be seen. */
static int hush(const struct host *host)
{
#ifdef JIT_SANITIZED
	(void)host;
	return -1;
#else
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	if (saved >= 0) /* else there would be no way back */
		dup2(host->log, STDERR_FILENO);
	return saved;
#endif
}

static void unhush(int saved)
{
	if (saved < 0)
		return;
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void complain(void *context, enum policy_severity severity, const char *line)
{
	(void)context;
	(void)fprintf(stderr, "jitd.conf: %s%s\n", severity == POLICY_ERROR ? "error: " : "", line);
}

static int start_here(struct host *host, struct fault *fault)
{
	struct sockets sockets = {.pam = -1, .client = -1};
	struct settings *settings = NULL;
	char path[128], *text = NULL;
	struct policy_source source = {.name = "jitd.conf"};
	const struct file_rule rule = {.owner = geteuid(), .forbidden = 022};
	size_t length;
	int saved, r;

	snprintf(path, sizeof(path), "%s/state", host->directory);
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/jitd.conf", host->directory);
	assert_int_equal(file_read(path, &rule, &text, &length, fault), 0);
	source.text = text;
	r = settings_parse(&source, complain, NULL, &settings);
	if (r == 0)
		settings->owner = geteuid();
	free(text);
	assert_int_equal(r, 0);
	saved = hush(host);
	r = sockets_open(settings->socket_dir, &sockets, fault);
	if (r == 0)
		r = jitd_new(settings, &sockets, &host->jitd, fault);
	unhush(saved);
	sockets_close(&sockets); /* what jitd did not take */
	return r;
}

static void beat(void *context)
{
	struct host *host = context;

	timer_start(host->pulse, PULSE_MS);
}

void host_start_here(struct host *host)
{
	struct fault fault = {.text = ""};

	if (start_here(host, &fault) < 0)
		fail_msg("jitd does not start: %s", fault.text);
	assert_int_equal(loop_timer(host->jitd->loop, beat, host, &host->pulse), 0);
	beat(host);
}

void host_start_refused(struct host *host, const char *word)
{
	struct fault fault = {.text = ""};

	if (start_here(host, &fault) == 0)
		fail_msg("jitd starts, and was to refuse: %s", word);
	if (!strstr(fault.text, word))
		fail_msg("it does not start, but without \"%s\": %s", word, fault.text);
}

void host_turn(const struct host *host, bool wait)
{
	int saved = hush(host);

	loop_turn(host->jitd->loop, wait);
	unhush(saved);
}

bool readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

struct waited {
	struct watch *watch;
	size_t *left;
};

static void ready(void *context, int events)
{
	struct waited *waited = context;

	(void)events;
	waited->watch = watch_free(waited->watch);
	--*waited->left;
}

/* In jitd's own loop, so that it sleeps until something happens. */
static void wait_here(const struct host *host, const int *fds, size_t count)
{
	struct waited *waited = calloc(count, sizeof(*waited));
	int64_t deadline = client_now() + PATIENCE_MS;
	size_t left = count;

	assert_non_null(waited);
	for (size_t i = 0; i < count; i++) {
		waited[i].left = &left;
		assert_int_equal(loop_watch(host->jitd->loop, fds[i], WATCH_READ | WATCH_HANGUP,
		                            ready, &waited[i], &waited[i].watch),
		                 0);
	}
	while (left && client_now() < deadline)
		host_turn(host, true);
	for (size_t i = 0; i < count; i++)
		watch_free(waited[i].watch);
	host_turn(host, false); /* lets go of the watches */
	free(waited);
	assert_int_equal(left, 0);
}

void host_wait(const struct host *host, const int *fds, size_t count)
{
	if (host->jitd) {
		wait_here(host, fds, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct pollfd poll_fd = {.fd = fds[i], .events = POLLIN};
		assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
	}
}

/* ---- a child ---- */

static int make_notify(const struct host *host, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "%s/notify", host->directory);
	unlink(address->sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	assert_int_equal(chmod(address->sun_path, 0666), 0);
	return fd;
}

static void run_jitd(const struct host *host, const char *notify)
{
	const char *build = getenv("top_builddir");
	char program[256], config[128];

	snprintf(program, sizeof(program), "%s/jitd/jitd", build ? build : ".");
	snprintf(config, sizeof(config), "%s/jitd.conf", host->directory);
	setenv("NOTIFY_SOCKET", notify, 1);
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* it is not dumpable: no tracer gets in */
	unsetenv("LISTEN_PID");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(host->log, STDERR_FILENO);
	dup2(host->log, STDOUT_FILENO);
	execl(program, "jitd", "--config", config, NULL);
	_exit(127);
}

void host_start_child(struct host *host)
{
	const struct message status = {.id = MESSAGE_status};
	struct sockaddr_un address;
	struct message answer;
	struct link link;
	char word[64];
	int notify = make_notify(host, &address);

	host->pid = fork();
	if (host->pid == 0)
		run_jitd(host, address.sun_path);
	assert_true(host->pid > 0);
	host_wait(host, &notify, 1);
	assert_true(recv(notify, word, sizeof(word), 0) > 0);
	close(notify);
	link_open(host, CLIENT_SOCKET, SELF, &link);
	link_send(&link, &status);
	assert_true(link_receive(&link, &answer));
	assert_int_equal(answer.id, MESSAGE_counter);
	link_close(&link);
}

static int reap(struct host *host)
{
	pid_t pid = host->pid;
	int status;

	host->pid = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

void host_kill(struct host *host)
{
	assert_int_equal(kill(host->pid, SIGKILL), 0);
	reap(host);
}

void host_stop(struct host *host)
{
	if (host->pid) {
		int status;
		kill(host->pid, SIGTERM);
		status = reap(host);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	if (host->jitd) {
		int saved = hush(host);
		host->pulse = timer_free(host->pulse);
		host->jitd = jitd_free(host->jitd);
		unhush(saved);
	}
}

/* ---- what a test needs ---- */

void host_tell(const struct host *host)
{
	char path[128], text[2048];
	struct stat found;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/log", host->directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &found) == 0)
		n = pread(fd, text, sizeof(text),
		          found.st_size > (off_t)sizeof(text) ? found.st_size - (off_t)sizeof(text)
		                                              : 0);
	cleanup_close(&fd);
	if (n > 0)
		print_message("---- jitd said, last:\n%.*s----\n", (int)n, text);
}

void need_root(const char *why)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root: %s\n", why);
	skip();
}

bool own_mounts(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}
