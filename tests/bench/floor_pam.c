/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a PAM module can do beside the floor daemon (floor.c): asks, connects, sends what
 * was typed, takes one byte. Believes whoever listens there. Option: the socket's path.
 */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int check(const char *path, const char *token)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char answer = 'D';

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return PAM_SYSTEM_ERR;
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, token, strlen(token), MSG_NOSIGNAL) < 0 || recv(fd, &answer, 1, 0) != 1)
		answer = 'D';
	close(fd);
	return answer == 'A' ? PAM_SUCCESS : PAM_AUTH_ERR;
}

__attribute__((visibility("default"))) int pam_sm_authenticate(pam_handle_t *pamh, int flags,
                                                               int argc, const char **argv)
{
	char *typed = NULL;
	int code;

	(void)flags;
	if (argc != 1 || pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &typed, "Token: ") != PAM_SUCCESS ||
	    !typed)
		return PAM_AUTH_ERR;
	code = check(argv[0], typed);
	free(typed);
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
