/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define LINE_SHOWN 1024 /* bytes of one line of a prompt */

/* Ctrl-Z among them: it would leave the shell with a terminal that shows nothing. */
static const int held_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

static void show(int tty, const char *text)
{
	char line[LINE_SHOWN], clean[LINE_SHOWN];

	for (;;) {
		size_t length = strcspn(text, "\n");
		size_t kept = length < sizeof(line) ? length : sizeof(line) - 1;
		memcpy(line, text, kept);
		line[kept] = '\0';
		text_sanitize(clean, sizeof(clean), line);
		dprintf(tty, "%s%s", clean, text[length] ? "\n" : "");
		if (!text[length])
			return;
		text += length + 1;
	}
}

static int open_terminal(void)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	return tty < 0 ? -errno : tty;
}

/* Reads until a line is whole, it ends, or one of the signals comes: -EINTR, and it is pending. */
static int read_line(int tty, int signals, char *answer)
{
	struct pollfd fds[] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	size_t used = 0;

	while (used < TERMINAL_ANSWER - 1) {
		ssize_t n;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -EINTR;
		if (!fds[0].revents)
			continue;
		n = read(tty, answer + used, TERMINAL_ANSWER - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		used += (size_t)n;
		answer[used] = '\0';
		if (n == 0 && used == 0)
			return TERMINAL_END;
		if (n == 0 || answer[used - 1] == '\n')
			break;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return 0;
}

static int ask_with(int tty, const struct termios *before, int signals, const char *prompt,
                    bool echo, char *answer)
{
	struct termios now = *before;
	int r;

	now.c_lflag |= ICANON | ISIG | ECHO | ECHONL;
	if (!echo)
		now.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &now) < 0)
		return -errno;
	show(tty, prompt);
	r = read_line(tty, signals, answer);
	if (r != 0)
		dprintf(tty, "\n");
	if (tcsetattr(tty, TCSAFLUSH, before) < 0 && r == 0)
		r = -errno;
	return r;
}

int terminal_ask(const char *prompt, bool echo, char ret_answer[static TERMINAL_ANSWER])
{
	cleanup(cleanup_close) int tty = open_terminal();
	cleanup(cleanup_close) int signals = -1;
	struct termios before;
	sigset_t held, mask;
	int r;

	if (tty < 0)
		return tty;
	if (tcgetattr(tty, &before) < 0)
		return -errno;
	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(held_signals) / sizeof(held_signals[0]); i++)
		sigaddset(&held, held_signals[i]);
	if (sigprocmask(SIG_BLOCK, &held, &mask) < 0)
		return -errno;
	sigdelset(&held, SIGTSTP);
	signals = signalfd(-1, &held, SFD_CLOEXEC);
	r = signals < 0 ? -errno : ask_with(tty, &before, signals, prompt, echo, ret_answer);
	if (r != 0)
		explicit_bzero(ret_answer, TERMINAL_ANSWER);
	if (r == -EINTR) /* sudo, which calls us, holds Ctrl-C back: here it ends */
		best_effort(sigprocmask(SIG_UNBLOCK, &held, NULL));
	best_effort(sigprocmask(SIG_SETMASK, &mask, NULL));
	return r;
}

int terminal_tell(const char *line)
{
	cleanup(cleanup_close) int tty = open_terminal();

	if (tty < 0)
		return tty;
	show(tty, line);
	show(tty, "\n");
	return 0;
}
