/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aligned columns for people. The last column is as wide as it likes.
 */
#ifndef JIT_CLI_TABLE_H
#define JIT_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

#define TABLE_COLUMNS 8

struct table {
	size_t columns;
	size_t rows;  /* the headings are row 0 */
	char **cells; /* owned, rows * columns; each owned */
};

/* `headings` and each row are `columns` strings, copied. -ENOMEM. */
must_check int table_begin(struct table *table, const char *const *headings, size_t columns);
must_check int table_row(struct table *table, const char *const *cells);

void table_print(FILE *to, const struct table *table);
void table_done(struct table *table);

#endif
