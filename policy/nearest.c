/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/nearest.h"

#include <string.h>

#define SIDE (NEAREST_WORD_MAX + 1)

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* "Optimal string alignment": row by row, the least work for each two beginnings. */
size_t word_distance(const char *one, const char *other)
{
	size_t work[SIDE][SIDE], rows = strlen(one), columns = strlen(other);

	if (rows > NEAREST_WORD_MAX || columns > NEAREST_WORD_MAX)
		return NEAREST_WORD_MAX + 1;
	for (size_t i = 0; i <= rows; i++)
		for (size_t k = 0; k <= columns; k++) {
			if (!i || !k) {
				work[i][k] = i + k;
				continue;
			}
			work[i][k] = least(work[i - 1][k], work[i][k - 1]) + 1;
			work[i][k] = least(work[i][k],
			                   work[i - 1][k - 1] + (one[i - 1] != other[k - 1]));
			if (i > 1 && k > 1 && one[i - 1] == other[k - 2] &&
			    one[i - 2] == other[k - 1])
				work[i][k] = least(work[i][k], work[i - 2][k - 2] + 1);
		}
	return work[rows][columns];
}
