/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/subject/jit.h"

#define ASKPASS "jit-askpass"

static bool is_askpass(int argc, char *const *argv)
{
	const char *slash;

	if (argc < 1)
		return false;
	slash = strrchr(argv[0], '/');
	return !strcmp(slash ? slash + 1 : argv[0], ASKPASS);
}

/* ssh and sudo give a path without arguments and add the prompt, which may begin with a dash. */
static int askpass_main(int argc, char **argv)
{
	char command[] = "askpass", words_only[] = "--";
	cleanup(cleanup_free) char **words = calloc((size_t)argc + 3, sizeof(*words));
	bool help = argc == 2 && !strcmp(argv[1], "--help");

	if (!words) {
		fprintf(stderr, "%s: %s\n", ASKPASS, strerror(ENOMEM));
		return EXIT_REFUSED;
	}
	words[0] = argv[0];
	words[1] = command;
	words[2] = help ? argv[1] : words_only;
	for (int i = 1; i < argc && !help; i++)
		words[i + 2] = argv[i];
	return tool_main(&jit_tool, help ? 3 : argc + 2, words);
}

int main(int argc, char **argv)
{
	return is_askpass(argc, argv) ? askpass_main(argc, argv) : tool_main(&jit_tool, argc, argv);
}
