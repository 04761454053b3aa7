/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/steps.h"

#include <string.h>

int steps_begin(struct steps *steps, bool json)
{
	static const char *const headings[] = {"CHECK", "VERDICT", "WHAT"};

	*steps = (struct steps){.json = json, .array.to = stdout};
	return json ? 0 : table_begin(&steps->table, headings, 3);
}

int steps_take(struct steps *steps, const struct wire_step *step)
{
	const char *const row[] = {step->name, step->verdict, step->text};

	steps->count++;
	steps->passed += !strcmp(step->verdict, "yes");
	return steps->json ? json_step(&steps->array, step) : table_row(&steps->table, row);
}

void steps_end(struct steps *steps)
{
	if (steps->json)
		json_end(&steps->array);
	else
		table_print(stdout, &steps->table);
}

bool steps_allow(const struct steps *steps)
{
	return steps->count && steps->passed == steps->count;
}

void steps_done(struct steps *steps)
{
	table_done(&steps->table);
}
