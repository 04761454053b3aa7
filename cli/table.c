/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Characters of UTF-8, each taken for one column. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

int table_row(struct table *table, const char *const *cells)
{
	size_t used = table->rows * table->columns;
	char **grown = reallocarray(table->cells, used + table->columns, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	table->cells = grown;
	for (size_t i = 0; i < table->columns; i++) {
		grown[used + i] = strdup(*cells[i] ? cells[i] : "-");
		if (!grown[used + i]) {
			while (i--)
				free(grown[used + i]);
			return -ENOMEM;
		}
	}
	table->rows++;
	return 0;
}

int table_begin(struct table *table, const char *const *headings, size_t columns)
{
	*table = (struct table){.columns = columns};
	return table_row(table, headings);
}

void table_print(FILE *to, const struct table *table)
{
	size_t width[TABLE_COLUMNS] = {0};

	for (size_t i = 0; i < table->rows * table->columns; i++) {
		size_t wide = text_width(table->cells[i]);
		if (wide > width[i % table->columns])
			width[i % table->columns] = wide;
	}
	for (size_t i = 0; i < table->rows * table->columns; i++) {
		size_t column = i % table->columns;
		if (column == table->columns - 1)
			fprintf(to, "%s\n", table->cells[i]);
		else
			fprintf(to, "%s%*s", table->cells[i],
			        (int)(width[column] - text_width(table->cells[i]) + 2), "");
	}
}

void table_done(struct table *table)
{
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){0};
}
