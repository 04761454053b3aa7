/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 1024
#define UNUSED      (-2)

_Noreturn void load_fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(2);
}

unsigned long load_number(const char *text, unsigned long least)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || end == text || number < least) {
		fprintf(stderr, "bench: %s: not a number from %lu on\n", text, least);
		exit(2);
	}
	return number;
}

struct lines load_lines(const char *path)
{
	struct lines lines = {0};
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0, room = 0;
	ssize_t length;

	if (!file)
		load_fail(path);
	while ((length = getline(&line, &size, file)) >= 0) {
		if (length && line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (lines.count == room) {
			room = room ? room * 2 : 1024;
			lines.items = reallocarray(lines.items, room, sizeof(*lines.items));
		}
		if (!lines.items || !(lines.items[lines.count++] = strdup(line)))
			load_fail("memory");
	}
	free(line);
	(void)fclose(file);
	return lines;
}

uint64_t load_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint32_t load_since(uint64_t begun)
{
	uint64_t units = (load_now() - begun) / 10;

	return units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
}

/* ---- the workers ---- */

static void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		load_fail("mmap");
	return memory;
}

/* What all of them see. */
struct field {
	const struct load *load;
	struct sample *samples;
	_Atomic uint64_t begun; /* 0: not yet */
	atomic_bool over;
	uint32_t done[WORKERS_MAX];
};

static void work(struct field *field, unsigned int worker)
{
	const struct load *load = field->load;
	const uint64_t most = (uint64_t)(load->seconds * 1e9);

	for (size_t i = worker; i < load->count && !atomic_load(&field->over); i += load->workers) {
		if (most && load_now() - atomic_load(&field->begun) > most) {
			atomic_store(&field->over, true);
			return;
		}
		field->samples[i].code = LOAD_BROKEN;
		load->try(load->context, worker, i, &field->samples[i]);
		field->done[worker]++;
	}
}

/* They begin when all of them are there. */
static void run_workers(struct field *field)
{
	const struct load *load = field->load;
	int gate[2];
	char byte;

	if (pipe(gate) < 0)
		load_fail("pipe");
	for (unsigned int worker = 0; worker < load->workers; worker++) {
		pid_t pid = fork();
		if (pid < 0)
			load_fail("fork");
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(gate[1]);
		if (read(gate[0], &byte, 1) < 0)
			_exit(2);
		close(gate[0]);
		work(field, worker);
		_exit(0);
	}
	close(gate[0]);
	atomic_store(&field->begun, load_now());
	close(gate[1]);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* ---- what came of it ---- */

static int by_size(const void *a, const void *b)
{
	const uint32_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static void print_percentiles(const char *prefix, uint32_t *values, size_t count)
{
	static const struct {
		const char *name;
		double at;
	} points[] = {{"p50", .5}, {"p90", .9}, {"p99", .99}, {"p999", .999}, {"max", 1}};

	qsort(values, count, sizeof(*values), by_size);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		size_t at = (size_t)(points[i].at * (double)(count - 1) + .5);
		printf("\"%s%s\": %.2f, ", prefix, points[i].name,
		       count ? (double)values[at] / 100 : 0.0);
	}
}

static double processor_seconds(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void print_codes(const struct load *load, const struct sample *samples)
{
	size_t codes[LOAD_CODES] = {0}, broken = 0;
	const char *comma = "";

	for (size_t i = 0; i < load->count; i++) {
		if (samples[i].code >= 0 && samples[i].code < LOAD_CODES)
			codes[samples[i].code]++;
		else
			broken += samples[i].code != UNUSED;
	}
	printf("\"broken\": %zu, \"codes\": {", broken);
	for (int i = 0; i < LOAD_CODES; i++)
		if (codes[i]) {
			printf("%s\"%d\": %zu", comma, i, codes[i]);
			comma = ", ";
		}
	printf("}, ");
}

static void print_result(const struct field *field, double wall, double processor)
{
	const struct load *load = field->load;
	uint32_t *inner = calloc(load->count + 1, sizeof(*inner)),
	         *outer = calloc(load->count + 1, sizeof(*outer));
	size_t done = 0;

	if (!inner || !outer)
		load_fail("memory");
	for (size_t i = 0; i < load->count; i++)
		if (field->samples[i].code != UNUSED) {
			inner[done] = field->samples[i].inner;
			outer[done++] = field->samples[i].outer;
		}
	printf("{\"done\": %zu, ", done);
	print_codes(load, field->samples);
	print_percentiles("", inner, done);
	if (done && outer[0])
		print_percentiles("outer_", outer, done);
	printf("\"per_s\": %.1f, \"wall_s\": %.4f, \"cpu_us\": %.2f, \"workers\": [",
	       (double)done / wall, wall, done ? processor * 1e6 / (double)done : 0.0);
	for (unsigned int worker = 0; worker < load->workers; worker++)
		printf("%s%u", worker ? ", " : "", field->done[worker]);
	printf("]}\n");
	free(inner);
	free(outer);
}

void load_run(const struct load *load)
{
	struct field *field = shared(sizeof(*field));
	double before = processor_seconds(RUSAGE_SELF) + processor_seconds(RUSAGE_CHILDREN);

	if (!load->workers || load->workers > WORKERS_MAX || !load->count) {
		errno = EINVAL;
		load_fail("load");
	}
	field->load = load;
	field->samples = shared(load->count * sizeof(*field->samples));
	for (size_t i = 0; i < load->count; i++)
		field->samples[i].code = UNUSED;
	run_workers(field);
	print_result(field, (double)(load_now() - atomic_load(&field->begun)) / 1e9,
	             processor_seconds(RUSAGE_SELF) + processor_seconds(RUSAGE_CHILDREN) - before);
}
