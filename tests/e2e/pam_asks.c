/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PAM module that asks what the file ARGUMENT.prompt says, writes the answer to ARGUMENT.answer,
 * and refuses: the stack of a host that is after other hosts' codes.
 */
#include <fcntl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	char path[256], prompt[4096] = "", *answer = NULL;
	ssize_t length;
	int fd;

	(void)flags;
	snprintf(path, sizeof(path), "%s.prompt", argc ? argv[0] : "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, prompt, sizeof(prompt) - 1);
	if (length < 0)
		return PAM_SERVICE_ERR;
	close(fd);
	prompt[length] = '\0';
	snprintf(path, sizeof(path), "%s.answer", argv[0]);
	if (pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &answer, "%s", prompt) == PAM_SUCCESS && answer)
		put(path, answer);
	free(answer);
	return PAM_AUTH_ERR;
}

int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
