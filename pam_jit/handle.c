/* SPDX-License-Identifier: Apache-2.0 */
#include "pam_jit/handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/secret.h"

#define DATA_NAME "pam_jit.handle"

static void release(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

int handle_get(pam_handle_t *pamh, enum service service, enum wire_phase phase,
               struct handle **ret_handle, struct fault *fault)
{
	cleanup(cleanup_free) struct handle *made = NULL;
	const void *found = NULL;
	int code = pam_get_data(pamh, DATA_NAME, &found), r;

	if (code == PAM_SUCCESS && found) {
		memcpy(ret_handle, &found, sizeof(found)); /* ours, const only by PAM's type */
		return 0;
	}
	if (code != PAM_NO_MODULE_DATA)
		return fault_set(fault, -EIO, "pam_get_data: %s", pam_strerror(pamh, code));
	made = calloc(1, sizeof(*made));
	if (!made)
		return fault_set(fault, -ENOMEM, "out of memory");
	r = random_bytes(&made->id, sizeof(made->id));
	if (r < 0)
		return fault_set(fault, r, "getrandom: %s", strerror(-r));
	made->uid = getuid();
	/* Not from a session hook: sudoedit has real uid 0 there for everybody. */
	made->root = made->uid == 0 && service_has_caller(service) &&
	             (phase == PHASE_AUTH || phase == PHASE_ACCOUNT);
	code = pam_set_data(pamh, DATA_NAME, made, release);
	if (code != PAM_SUCCESS)
		return fault_set(fault, -EIO, "pam_set_data: %s", pam_strerror(pamh, code));
	*ret_handle = take_ptr(made);
	return 0;
}
