/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/digest.h"

#include <string.h>

bool digest_is(const char *text)
{
	return strlen(text) == DIGEST_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == DIGEST_SIZE - 1;
}

enum exit_code option_digest(const struct invocation *in, size_t row,
                             char ret_digest[static DIGEST_SIZE])
{
	const char *digest = in->options[row];

	ret_digest[0] = '\0';
	if (!digest)
		return EXIT_DONE;
	if (!digest_is(digest))
		return usage_error(in,
		                   "--digest '%s': not a digest, which is 64 hex digits: see "
		                   "jitd-admin show ID",
		                   digest);
	memcpy(ret_digest, digest, DIGEST_SIZE);
	return EXIT_DONE;
}
