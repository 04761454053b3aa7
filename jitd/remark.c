/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/remark.h"

#include <string.h>

#include "base/text.h"

bool remark_is_provisional(const struct judgement *judgement)
{
	return judgement->decision == DECISION_ALLOW && !judgement->access;
}

static void add(char text[static REMARK_SIZE], const char *lead, const char *word)
{
	size_t used = strlen(text);

	best_effort(text_format(text + used, REMARK_SIZE - used, "%s%s%s", used ? " " : "", lead,
	                        word));
}

/* The key by which it opened; of a refusal the first that was shown. */
static const char *key_of(const struct door *door, const struct judgement *judgement)
{
	if (!door->keys.count)
		return "";
	return judgement->decision == DECISION_ALLOW ? judgement->user_key
	                                             : door->keys.fingerprints[0];
}

void remark_of(const struct door *door, const struct judgement *judgement,
               const struct presented *presented, char ret_text[static REMARK_SIZE])
{
	const char *key = key_of(door, judgement);
	char what[REMARK_SIZE] = "";

	ret_text[0] = '\0';
	if (remark_is_provisional(judgement))
		add(ret_text, "until its ssh key is seen", "");
	if (presented)
		presented_describe(presented, what, sizeof(what));
	if (*what)
		add(ret_text, what, "");
	if (*key)
		add(ret_text, "ssh key ", key);
	if (door->vouch != VOUCH_KERNEL && *door->source)
		add(ret_text, "from ", door->source);
}
