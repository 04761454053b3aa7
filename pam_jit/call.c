/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "pam_jit/pam_jit.h"

#define HANDLE         "pam_jit.handle"
#define OF_ENVIRONMENT (-1)
#define PLACE(field)   offsetof(struct wire_check, field), sizeof(((struct wire_check *)0)->field)

/* Of PAM's own environment, never of the process's. */
static const struct {
	int item;
	const char *name;
	size_t offset, size;
} facts[] = {{PAM_SERVICE, "PAM_SERVICE", PLACE(service)},
             {PAM_USER, "PAM_USER", PLACE(user)},
             {PAM_RUSER, "PAM_RUSER", PLACE(ruser)},
             {PAM_RHOST, "PAM_RHOST", PLACE(rhost)},
             {PAM_TTY, "PAM_TTY", PLACE(tty)},
             {OF_ENVIRONMENT, "SSH_AUTH_INFO_0", PLACE(auth_info)},
             {OF_ENVIRONMENT, "SSH_CONNECTION", PLACE(connection)}};

static int take_options(struct call *call, int argc, const char **argv)
{
	call->socket = WIRE_PAM_SOCKET;
	call->timeout_ms = 5000;
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];

		if (strncmp(word, "socket=/", 8) == 0)
			call->socket = word + 7;
		else if (strncmp(word, "timeout=", 8) == 0 && word[8] >= '1' && word[8] <= '5' &&
		         !word[9])
			call->timeout_ms = (word[8] - '0') * 1000;
		else if (strcmp(word, "debug") == 0)
			call->debug = true;
		else
			return fault_set(&call->fault, -EINVAL,
			                 "option %s: not socket=/PATH, timeout=1..5 or debug",
			                 word);
	}
	return 0;
}

/* What PAM does not have becomes empty text; what does not fit refuses. */
static int take_facts(struct call *call)
{
	char *check = (char *)&call->message.check;

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		const void *value = NULL;
		int code = PAM_SUCCESS;

		if (facts[i].item == OF_ENVIRONMENT)
			value = pam_getenv(call->pamh, facts[i].name);
		else
			code = pam_get_item(call->pamh, facts[i].item, &value);
		if (code != PAM_SUCCESS ||
		    text_copy(check + facts[i].offset, facts[i].size, value ? value : "") < 0)
			return fault_set(&call->fault, -EINVAL,
			                 "%s: not to be read, or over %zu bytes", facts[i].name,
			                 facts[i].size - 1);
	}
	return 0;
}

static bool can_converse(const struct call *call)
{
	const bool due = call->phase == PHASE_AUTH ||
	                 (call->phase == PHASE_ACCOUNT && call->service == SERVICE_SUDO);
	const void *item = NULL;

	return due && pam_get_item(call->pamh, PAM_CONV, &item) == PAM_SUCCESS && item &&
	       ((const struct pam_conv *)item)->conv;
}

void call_release(__attribute__((unused)) pam_handle_t *pamh, void *data,
                  __attribute__((unused)) int status)
{
	free(data);
}

static int take_handle(struct call *call)
{
	cleanup(cleanup_free) struct handle *made = NULL;
	const void *found = NULL;
	int code = pam_get_data(call->pamh, HANDLE, &found);

	memcpy(&call->handle, &found, sizeof(found)); /* const by PAM's type, but ours */
	if (code == PAM_SUCCESS && found)
		return 0;
	made = calloc(1, sizeof(*made));
	if (code != PAM_NO_MODULE_DATA || !made || random_bytes(&made->id, sizeof(made->id)) < 0)
		return fault_set(&call->fault, -EIO, "no PAM data, memory or randomness");
	made->uid = getuid();
	/* Not from a session hook: sudoedit has real uid 0 there for everybody. */
	made->root = made->uid == 0 && call->by_caller &&
	             (call->phase == PHASE_AUTH || call->phase == PHASE_ACCOUNT);
	if (pam_set_data(call->pamh, HANDLE, made, call_release) != PAM_SUCCESS)
		return fault_set(&call->fault, -EIO, "PAM data cannot be set");
	call->handle = take_ptr(made);
	return 0;
}

int call_prepare(struct call *call, int argc, const char **argv)
{
	struct wire_check *check = &call->message.check;
	int r = take_facts(call);

	call->service = service_by_name(check->service); /* decides how a failure is told, too */
	call->by_caller = call->service == SERVICE_SUDO || call->service == SERVICE_SU;
	if (r == 0)
		r = take_options(call, argc, argv);
	if (r == 0)
		r = take_handle(call);
	if (r < 0)
		return r;
	call->converse = can_converse(call);
	call->message.id = MESSAGE_check;
	check->phase = (uint8_t)call->phase;
	check->uid = call->handle->uid;
	check->handle = call->handle->id;
	check->converse = call->converse;
	return 0;
}
