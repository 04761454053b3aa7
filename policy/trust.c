/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/trust.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/glob.h"
#include "policy/rules.h"

const struct trust *trust_named(const struct trusts *trusts, const char *name)
{
	for (size_t i = 0; i < trusts->count; i++)
		if (!strcmp(trusts->items[i].name, name))
			return &trusts->items[i];
	return NULL;
}

static const char *mapped(const struct trust_pairs *map, const char *value)
{
	for (size_t i = 0; i < map->count; i++)
		if (glob_matches(map->items[i].left, value, GLOB_CLAIM))
			return map->items[i].right;
	return NULL;
}

const char *trust_subject(const struct trust *trust, const char *value)
{
	const char *user = trust->map.count ? mapped(&trust->map, value) : value;

	return user && text_is_name(user) && strcmp(user, "root") != 0 ? user : NULL;
}

/* ---- scopes ---- */

static bool gives(const struct trust *trust, const char *scope, const char *subject)
{
	for (size_t i = 0; i < trust->scope.count; i++)
		if (scope_matches(trust->scope.items[i], scope, subject))
			return true;
	return false;
}

static int check_asked(const struct trust *trust, const char *scopes, const char *subject,
                       struct fault *fault)
{
	for (const char *at = scopes; *at;) {
		char scope[SCOPE_SIZE];
		size_t length = strcspn(at, " ");
		if (text_format(scope, sizeof(scope), "%.*s", (int)length, at) < 0)
			return -EINVAL;
		if (!gives(trust, scope, subject))
			return fault_set(fault, -EINVAL, "trust %s does not give %s", trust->name,
			                 scope);
		at += length + (at[length] == ' ');
	}
	return 0;
}

/* All that the trust has, "~" being the subject. */
static int write_all(const struct trust *trust, const char *subject,
                     char ret_scopes[static SCOPES_SIZE])
{
	size_t used = 0;

	for (size_t i = 0; i < trust->scope.count; i++) {
		const char *scope = trust->scope.items[i], *account = scope_account(scope);
		bool own = !strcmp(account, SCOPE_OWN);
		if (text_format(ret_scopes + used, SCOPES_SIZE - used, "%s%.*s%s", used ? " " : "",
		                (int)(account - scope), scope, own ? subject : account) < 0)
			return -EINVAL;
		used += strlen(ret_scopes + used);
	}
	return 0;
}

int trust_scopes(const struct trust *trust, const char *asked, const char *subject,
                 char ret_scopes[static SCOPES_SIZE], struct fault *fault)
{
	char all[SCOPES_SIZE] = "", scopes[SCOPES_SIZE];
	int r = 0;

	if (!trust->scope_claim)
		r = write_all(trust, subject, all);
	else
		r = text_copy(all, sizeof(all), asked ? asked : "");
	if (r < 0)
		return fault_set(fault, -EINVAL, "the scopes are longer than %d bytes in all",
		                 SCOPES_SIZE - 1);
	r = scope_canonical(all, scopes, fault);
	if (r == 0 && trust->scope_claim)
		r = check_asked(trust, scopes, subject, fault);
	if (r < 0)
		return r;
	return text_copy(ret_scopes, SCOPES_SIZE, scopes);
}
