/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/user_key.h"

#include <string.h>

enum exit_code option_user_key(const struct invocation *in, size_t row,
                               char ret_key[static FINGERPRINT_SIZE])
{
	const char *key = in->options[row];

	ret_key[0] = '\0';
	if (!key)
		return EXIT_DONE;
	if (!fingerprint_is_good(key))
		return usage_error(
		        in,
		        "--user-key '%.80s': not the fingerprint of an ssh key; right is "
		        "SHA256: and 43 characters, as ssh-keygen -lf FILE prints it",
		        key);
	memcpy(ret_key, key, FINGERPRINT_SIZE);
	return EXIT_DONE;
}
