/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>
#include <cmocka.h>

#include "cli/cli_test_jitd.h"

#define PATIENCE_MS 10000

static void wait_readable(int fd, const char *what)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (poll(&poll_fd, 1, PATIENCE_MS) != 1)
		fail_msg("waited in vain for %s", what);
}

void play_listen(struct play *play)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", play->socket);
	play->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(play->listener >= 0);
	assert_int_equal(bind(play->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(play->listener, 8), 0);
}

void play_deafen(struct play *play)
{
	close(play->listener);
	play->listener = -1;
	unlink(play->socket);
}

struct play *play_new(void)
{
	struct play *play = calloc(1, sizeof(*play));

	assert_non_null(play);
	snprintf(play->directory, sizeof(play->directory), "/tmp/jit-cli-XXXXXX");
	assert_non_null(mkdtemp(play->directory));
	snprintf(play->socket, sizeof(play->socket), "%s/jitd.sock", play->directory);
	play->peer = play->terminal = play->out_file = play->err_file = -1;
	play->in_file = play->tool_fd = -1;
	play_listen(play);
	return play;
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void play_free(struct play *play)
{
	drop(&play->listener);
	drop(&play->peer);
	drop(&play->terminal);
	drop(&play->out_file);
	drop(&play->err_file);
	drop(&play->in_file);
	drop(&play->tool_fd);
	unlink(play->socket);
	rmdir(play->directory);
	free(play);
}

/* ---- the tool ---- */

static void become(const struct play *play, int slave, char *const *argv)
{
	const char *build = getenv("top_builddir");
	char path[512];

	if (slave >= 0) {
		login_tty(slave);
	} else {
		setsid(); /* nor the terminal that the test was started from */
		dup2(play->in_file, STDIN_FILENO);
	}
	if (slave < 0 || play->apart)
		dup2(play->out_file, STDOUT_FILENO);
	if (slave < 0 || !play->one_screen)
		dup2(play->err_file, STDERR_FILENO);
	setenv("JITD_SOCKET", play->socket, 1);
	setenv("TZ", "UTC", 1);
	snprintf(path, sizeof(path), "%s/cli/%s", build ? build : ".",
	         strcmp(argv[0], "jit-askpass") != 0 ? argv[0] : "jit");
	execv(path, argv);
	perror(path);
	_exit(99);
}

void play_start_list(struct play *play, bool terminal, char *const *argv)
{
	int slave = -1;

	drop(&play->terminal);
	drop(&play->out_file);
	drop(&play->err_file);
	drop(&play->in_file);
	drop(&play->tool_fd);
	memset(play->out, 0, sizeof(play->out));
	memset(play->err, 0, sizeof(play->err));
	memset(play->answer, 0, sizeof(play->answer));
	play->out_file = play->out_path ? open(play->out_path, O_WRONLY) : memfd_create("out", 0);
	play->err_file = memfd_create("err", 0);
	play->in_file = memfd_create("in", 0);
	assert_int_equal(write(play->in_file, play->typed ? play->typed : "", play->typed_length),
	                 play->typed_length);
	assert_int_equal(lseek(play->in_file, 0, SEEK_SET), 0);
	if (terminal) {
		struct winsize size = {.ws_row = 24, .ws_col = 200};
		assert_int_equal(openpty(&play->terminal, &slave, NULL, NULL, &size), 0);
		assert_int_equal(fcntl(play->terminal, F_SETFD, FD_CLOEXEC), 0);
	}
	play->tool = fork();
	assert_true(play->tool >= 0);
	if (play->tool == 0)
		become(play, slave, argv);
	drop(&slave);
	play->tool_fd = (int)syscall(SYS_pidfd_open, play->tool, 0);
	assert_true(play->tool_fd >= 0);
}

void play_start(struct play *play, bool terminal, const char *tool, ...)
{
	char *argv[16] = {(char *)tool};
	va_list arguments;
	size_t count = 1;

	va_start(arguments, tool);
	while (count < 15 && (argv[count] = va_arg(arguments, char *)))
		count++;
	va_end(arguments);
	play_start_list(play, terminal, argv);
}

static void read_file(int fd, char *ret_text)
{
	ssize_t n = pread(fd, ret_text, PLAY_TEXT - 1, 0);

	ret_text[n > 0 ? n : 0] = '\0';
}

/* What the terminal shows next; false when the tool has left it. */
static bool read_terminal(struct play *play)
{
	size_t used = strlen(play->out);
	ssize_t n;

	wait_readable(play->terminal, "the terminal");
	n = read(play->terminal, play->out + used, PLAY_TEXT - 1 - used);
	if (n <= 0)
		return false;
	play->out[used + (size_t)n] = '\0';
	return true;
}

void play_see(struct play *play, const char *text)
{
	while (!strstr(play->out, text))
		if (!read_terminal(play))
			fail_msg("'%s' never came; there was: %s", text, play->out);
}

void play_type(struct play *play, const char *text)
{
	assert_int_equal(write(play->terminal, text, strlen(text)), strlen(text));
}

int play_finish(struct play *play)
{
	int status;

	if (play->terminal >= 0)
		while (read_terminal(play))
			;
	wait_readable(play->tool_fd, "the end of the tool");
	assert_int_equal(waitpid(play->tool, &status, 0), play->tool);
	if (play->terminal < 0)
		read_file(play->out_file, play->out);
	else if (play->apart)
		read_file(play->out_file, play->answer);
	read_file(play->err_file, play->err);
	drop(&play->peer);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int play_alone(struct play *play, char *const *argv)
{
	play_start_list(play, false, argv);
	return play_finish(play);
}

/* ---- packets ---- */

void play_accept(struct play *play)
{
	drop(&play->peer);
	wait_readable(play->listener, "a connection");
	play->peer = accept4(play->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(play->peer >= 0);
}

void play_expect(struct play *play, enum message_id id)
{
	static uint8_t packet[WIRE_PACKET];
	struct fault fault = {{0}};
	ssize_t n;

	if (play->peer < 0)
		play_accept(play);
	wait_readable(play->peer, "a packet");
	n = recv(play->peer, packet, sizeof(packet), 0);
	if (n == 0) { /* it has heard enough there, and asks anew */
		play_accept(play);
		wait_readable(play->peer, "a packet");
		n = recv(play->peer, packet, sizeof(packet), 0);
	}
	assert_true(n > 0);
	if (message_decode(packet, (size_t)n, &play->in, &fault) != 0)
		fail_msg("%s", fault.text);
	assert_int_equal(play->in.id, id);
}

void play_send_bytes(struct play *play, const void *bytes, size_t length)
{
	assert_int_equal(send(play->peer, bytes, length, MSG_NOSIGNAL), length);
}

void play_send(struct play *play, const struct message *message)
{
	static uint8_t packet[WIRE_PACKET];
	struct fault fault = {{0}};
	size_t length;

	if (message_encode(message, packet, &length, &fault) != 0)
		fail_msg("%s", fault.text);
	play_send_bytes(play, packet, length);
}

void play_send_end(struct play *play)
{
	play_send(play, &(struct message){.id = MESSAGE_end});
}

void play_hang_up(struct play *play)
{
	drop(&play->peer);
}
