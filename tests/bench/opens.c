/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs a fresh process to load a module, with all that it needs.
 *
 *     opens MODULE.so COUNT
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/load.h"

static void load_module(void *context, unsigned int worker, size_t number, struct sample *sample)
{
	pid_t pid = fork();

	(void)worker;
	(void)number;
	if (pid == 0) {
		uint64_t begun = load_now();
		void *module = dlopen(context, RTLD_NOW);
		sample->inner = load_since(begun);
		sample->code = module ? 0 : 1;
		if (!module)
			fprintf(stderr, "opens: %s\n", dlerror());
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	struct load load = {.workers = 1, .try = load_module};

	if (argc != 3) {
		fprintf(stderr, "usage: opens MODULE.so COUNT\n");
		return 2;
	}
	load.context = argv[1];
	load.count = load_number(argv[2], 1);
	load_run(&load);
	return 0;
}
