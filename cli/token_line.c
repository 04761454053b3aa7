/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token_line.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* All of it, up to a byte more than a line may have. */
static int read_input(char *ret_text, size_t size, size_t *ret_length)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(STDIN_FILENO, ret_text + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (memchr(ret_text + used - (size_t)n, '\n', (size_t)n) && isatty(STDIN_FILENO))
			break;
	}
	*ret_length = used;
	return 0;
}

enum exit_code token_line_read(const struct invocation *in, char text[static TOKEN_LINE_SIZE],
                               size_t *ret_length)
{
	size_t length = 0;
	int r = read_input(text, TOKEN_LINE_SIZE, &length);

	if (r < 0)
		return give_up(in, EXIT_REFUSED, "standard input: %s", strerror(-r));
	if (length && text[length - 1] == '\n')
		length--;
	if (length && text[length - 1] == '\r')
		length--;
	if (!length)
		return usage_error(in, "nothing on standard input; right is one token or code");
	if (memchr(text, '\n', length) || memchr(text, '\0', length))
		return usage_error(in,
		                   "more than one line, or a NUL byte, on standard input; right "
		                   "is one token or code");
	if (length > TOKEN_LINE_MAX)
		return usage_error(in,
		                   "more than %d bytes on standard input; right is one token or "
		                   "code",
		                   TOKEN_LINE_MAX);
	text[length] = '\0';
	*ret_length = length;
	return EXIT_DONE;
}
