/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a PAM module can do beside the floor daemon (floor.c): asks, connects, sends what
 * was typed, takes one byte. Believes whoever listens there. Options: the socket's path; and
 * "asked", where the daemon is to ask first, as jitd does.
 */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return fd;
	memcpy(address.sun_path, path, strlen(path));
	(void)!connect(fd, (const struct sockaddr *)&address, sizeof(address));
	return fd;
}

static bool may_prompt(int fd)
{
	char question[64];

	return send(fd, "?", 1, MSG_NOSIGNAL) == 1 && recv(fd, question, sizeof(question), 0) > 0;
}

static bool allows(int fd, const char *token)
{
	char answer = 'D';

	return send(fd, token, strlen(token), MSG_NOSIGNAL) > 0 && recv(fd, &answer, 1, 0) == 1 &&
	       answer == 'A';
}

__attribute__((visibility("default"))) int pam_sm_authenticate(pam_handle_t *pamh, int flags,
                                                               int argc, const char **argv)
{
	const bool asked = argc == 2 && !strcmp(argv[1], "asked");
	char *typed = NULL;
	int fd = -1, code = PAM_AUTH_ERR;

	(void)flags;
	if (argc < 1)
		return PAM_SYSTEM_ERR;
	if (asked)
		fd = connect_to(argv[0]);
	if ((!asked || may_prompt(fd)) &&
	    pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &typed, "Token: ") == PAM_SUCCESS && typed) {
		if (!asked)
			fd = connect_to(argv[0]);
		if (allows(fd, typed))
			code = PAM_SUCCESS;
	}
	free(typed);
	if (fd >= 0)
		close(fd);
	return code;
}

__attribute__((visibility("default"))) int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc,
                                                          const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
