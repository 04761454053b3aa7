/* SPDX-License-Identifier: Apache-2.0 */
#include "pam_jit/options.h"

#include <errno.h>
#include <string.h>

#include "wire/message.h"

static bool take_socket(const char *value, struct options *options)
{
	options->socket = value;
	return value[0] == '/';
}

static bool take_timeout(const char *value, struct options *options)
{
	options->timeout_ms = (int64_t)(value[0] - '0') * 1000;
	return value[0] >= '1' && value[0] <= '5' && value[1] == '\0';
}

static bool take_debug(const char *value, struct options *options)
{
	options->debug = true;
	return value[0] == '\0';
}

static const struct {
	const char *name, *form;
	bool (*take)(const char *value, struct options *options);
} known[] = {
        {"socket=", "socket=/ABSOLUTE/PATH", take_socket},
        {"timeout=", "timeout=1 to timeout=5 (seconds)", take_timeout},
        {"debug", "debug", take_debug},
};

static int take(const char *word, unsigned int *seen, struct options *options, struct fault *fault)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t length = strlen(known[i].name);

		if (strncmp(word, known[i].name, length) != 0)
			continue;
		if (*seen & 1U << i)
			return fault_set(fault, -EINVAL, "option %s: given twice", word);
		*seen |= 1U << i;
		if (known[i].take(word + length, options))
			return 0;
		return fault_set(fault, -EINVAL, "option %s: must be %s", word, known[i].form);
	}
	return fault_set(fault, -EINVAL, "option %s: not one of socket=PATH timeout=SECONDS debug",
	                 word);
}

int options_parse(int argc, const char **argv, struct options *ret_options, struct fault *fault)
{
	struct options options = {.socket = WIRE_PAM_SOCKET, .timeout_ms = 5000};
	unsigned int seen = 0;

	for (int i = 0; i < argc; i++) {
		int r = take(argv[i], &seen, &options, fault);
		if (r < 0)
			return r;
	}
	*ret_options = options;
	return 0;
}
