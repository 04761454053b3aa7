/* SPDX-License-Identifier: Apache-2.0 */
#include "token/form.h"

#include "token/token.h"

int form_split(const char *text, size_t length, struct form *ret_form)
{
	size_t dots[2] = {0, 0}, count = 0;

	if (length == 0 || length > TOKEN_MAX)
		return TOKEN_REASON_LENGTH;
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '.')
			continue;
		if (count == 2)
			return TOKEN_REASON_FORM;
		dots[count++] = i;
	}
	if (count != 2 || dots[0] == 0 || dots[1] == dots[0] + 1 || dots[1] + 1 == length)
		return TOKEN_REASON_FORM;
	*ret_form = (struct form){
	        .header = {text, dots[0]},
	        .payload = {text + dots[0] + 1, dots[1] - dots[0] - 1},
	        .signature = {text + dots[1] + 1, length - dots[1] - 1},
	        .signed_text = {text, dots[1]},
	};
	return 0;
}
