/* SPDX-License-Identifier: Apache-2.0 */
#include "pam_jit/facts.h"

#include <errno.h>
#include <stddef.h>

#include "base/text.h"

#define FROM_ENVIRONMENT (-1)
#define PLACE(field)     offsetof(struct wire_check, field), sizeof(((struct wire_check *)0)->field)

static const struct {
	int item;
	const char *name;
	size_t offset, size;
} facts[] = {
        {PAM_SERVICE, "PAM_SERVICE", PLACE(service)},
        {PAM_USER, "PAM_USER", PLACE(user)},
        {PAM_RUSER, "PAM_RUSER", PLACE(ruser)},
        {PAM_RHOST, "PAM_RHOST", PLACE(rhost)},
        {PAM_TTY, "PAM_TTY", PLACE(tty)},
        {FROM_ENVIRONMENT, "SSH_AUTH_INFO_0", PLACE(auth_info)},
        {FROM_ENVIRONMENT, "SSH_CONNECTION", PLACE(connection)},
};

int facts_collect(pam_handle_t *pamh, struct wire_check *ret_check, struct fault *fault)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		const void *value = NULL;
		int code = PAM_SUCCESS;

		if (facts[i].item == FROM_ENVIRONMENT)
			value = pam_getenv(pamh, facts[i].name);
		else
			code = pam_get_item(pamh, facts[i].item, &value);
		if (code != PAM_SUCCESS)
			return fault_set(fault, -EIO, "%s: %s", facts[i].name,
			                 pam_strerror(pamh, code));
		if (text_copy((char *)ret_check + facts[i].offset, facts[i].size,
		              value ? value : "") < 0)
			return fault_set(fault, -ENAMETOOLONG, "%s: longer than %zu bytes",
			                 facts[i].name, facts[i].size - 1);
	}
	return 0;
}
