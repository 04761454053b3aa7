/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A jitd of the test's own: the test runs a real tool against it and plays the server itself,
 * packet by packet. Everything waits for an event, 10 s at most; then the test fails.
 */
#ifndef JIT_CLI_CLI_TEST_JITD_H
#define JIT_CLI_CLI_TEST_JITD_H

#include <stdbool.h>
#include <sys/types.h>

#include "wire/message.h"

#define PLAY_TEXT 65536

struct play {
	char directory[64], socket[96];
	int listener, peer; /* -1: none */
	pid_t tool;
	int tool_fd;          /* pidfd */
	int terminal;         /* master side; -1: stdout is a file */
	const char *out_path; /* where stdout goes instead; NULL: to be read here */
	const char *typed;    /* what stdin, without a terminal, is; NULL: empty */
	size_t typed_length;
	bool one_screen; /* stderr goes to the terminal as well */
	bool apart;      /* stdout is a file beside the terminal: `answer` */
	int out_file, err_file, in_file;
	char out[PLAY_TEXT], err[PLAY_TEXT]; /* what it printed, as far as it was read */
	char answer[PLAY_TEXT];
	struct message in; /* the last packet it sent */
};

struct play *play_new(void); /* with a listening socket */
void play_listen(struct play *play);
void play_deafen(struct play *play); /* takes the socket away */
void play_free(struct play *play);

/* Starts a tool, jit under the name jit-askpass among them; arguments end with NULL. JITD_SOCKET
 * points to the play, TZ is UTC. */
void play_start(struct play *play, bool terminal, const char *tool, ...);
void play_start_list(struct play *play, bool terminal, char *const *argv);

void play_accept(struct play *play);
void play_expect(struct play *play, enum message_id id); /* into play->in */
void play_send(struct play *play, const struct message *message);
void play_send_end(struct play *play);
void play_send_bytes(struct play *play, const void *bytes, size_t length);
void play_hang_up(struct play *play);
void play_see(struct play *play, const char *text); /* on the terminal */
void play_type(struct play *play, const char *text);

/* Waits for the tool's end; its exit code as a shell tells it. Closes the peer. */
int play_finish(struct play *play);

/* Runs a tool without any play on our side. */
int play_alone(struct play *play, char *const *argv);

#endif
