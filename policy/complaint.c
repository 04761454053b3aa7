/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/complaint.h"

#include <errno.h>
#include <stdio.h>

#include "base/text.h"

#define LINE_SIZE 1024

static void tell(const struct complaints *complaints, enum policy_severity severity,
                 unsigned int line, const char *key, const char *what)
{
	char raw[LINE_SIZE], clean[LINE_SIZE], place[16] = "";

	if (!complaints->report)
		return;
	if (line)
		(void)snprintf(place, sizeof(place), "%u:", line);
	/* a cut only shortens a message */
	(void)snprintf(raw, sizeof(raw), "%.255s:%s %.64s%s%s", complaints->file, place,
	               key ? key : "", key ? ": " : "", what);
	text_sanitize(clean, sizeof(clean), raw);
	complaints->report(complaints->context, severity, clean);
}

int complain(struct complaints *complaints, unsigned int line, const char *key, const char *format,
             ...)
{
	char what[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	complaints->errors++;
	tell(complaints, POLICY_ERROR, line, key, what);
	return -EINVAL;
}

void caution(struct complaints *complaints, unsigned int line, const char *key, const char *format,
             ...)
{
	char what[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	tell(complaints, POLICY_WARNING, line, key, what);
}
