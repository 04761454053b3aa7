/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thing done over and over by so many processes at once, and how long it took each time.
 */
#ifndef JIT_TESTS_BENCH_LOAD_H
#define JIT_TESTS_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

#define LOAD_BROKEN (-1) /* no result at all: the process behind it died */
#define LOAD_CODES  64   /* results are below */

/* What one try took. `outer`: with the process that was made for it; 0 where none was. */
struct sample {
	uint32_t inner, outer; /* units of 10 ns */
	int32_t code;
};

struct load {
	unsigned int workers;
	size_t count;   /* tries in all; worker w does numbers w, w + workers, w + 2 workers ... */
	double seconds; /* and none is begun after that; 0: no such limit */
	/* In a worker's process. `sample` lies in memory that its children share. */
	void (*try)(void *context, unsigned int worker, size_t number, struct sample *sample);
	void *context;
};

uint64_t load_now(void); /* ns */
uint32_t load_since(uint64_t begun);

/* Runs it and prints a line of JSON: how many tries, by code and by worker, percentiles in
 * microseconds, tries per second, processor time per try. Ends the program where it cannot. */
void load_run(const struct load *load);

/* A decimal of this program's command line, at least `least`; ends the program where it is none. */
unsigned long load_number(const char *text, unsigned long least);
/* Ends the program with errno's text. */
_Noreturn void load_fail(const char *what);

/* The lines of a file, without their ends; for as long as the program lives. */
struct lines {
	char **items;
	size_t count;
};
struct lines load_lines(const char *path);

#endif
