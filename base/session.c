/* SPDX-License-Identifier: Apache-2.0 */
#include "base/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"

void session_id(uint32_t access, uint32_t number, char ret_id[static SESSION_ID_SIZE])
{
	(void)snprintf(ret_id, SESSION_ID_SIZE, "%u-%u", access, number);
}

int session_parse(const char *id, uint32_t *ret_access, uint32_t *ret_number)
{
	char text[SESSION_ID_SIZE], *dash;
	uint64_t access, number;

	if (text_copy(text, sizeof(text), id) < 0)
		return -EINVAL;
	dash = strchr(text, '-');
	if (!dash)
		return -EINVAL;
	*dash = '\0';
	if (parse_number(text, UINT32_MAX, &access) < 0 ||
	    parse_number(dash + 1, UINT32_MAX, &number) < 0 || !access || !number)
		return -EINVAL;
	*ret_access = (uint32_t)access;
	*ret_number = (uint32_t)number;
	return 0;
}
