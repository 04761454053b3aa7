/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int fault_set(struct fault *fault, int result, const char *format, ...)
{
	va_list arguments;

	if (!fault)
		return result;
	va_start(arguments, format);
	if (vsnprintf(fault->text, sizeof(fault->text), format, arguments) < 0)
		fault->text[0] = '\0';
	va_end(arguments);
	return result;
}
