/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target over the files of a folder, without libFuzzer: what was found once stays found.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char file[4096]; /* what a crash was at */

static int replay(const char *folder, const char *name)
{
	char *text = NULL;
	size_t size = 0, length;
	FILE *in, *out;
	int c;

	(void)snprintf(file, sizeof(file), "%s/%s", folder, name);
	in = fopen(file, "r");
	out = open_memstream(&text, &size);
	if (!in || !out) {
		perror(file);
		return 1;
	}
	while ((c = fgetc(in)) != EOF)
		fputc(c, out);
	fclose(in);
	fclose(out);
	length = size;
	(void)LLVMFuzzerTestOneInput((const uint8_t *)text, length);
	free(text);
	return 0;
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int n = argc == 2 ? scandir(argv[1], &entries, no_dots, alphasort) : -1, failed = 0;

	if (n <= 0) {
		fprintf(stderr, "usage: replay FOLDER, with files in it\n");
		return 1;
	}
	for (int i = 0; i < n; i++) {
		failed |= replay(argv[1], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	printf("%s - %d inputs of %s\n", failed ? "not ok" : "ok", n, argv[1]);
	return failed;
}
