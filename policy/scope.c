/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "policy/glob.h"

#define SERVICE_MAX 64
#define SHOWN       80 /* bytes of a refused scope that its message shows */

static const struct {
	const char *pam_service, *word;
} services[] = {{"sshd", "ssh"}, {"sudo-i", "sudo"}, {"su-l", "su"}};

const char *scope_service(const char *pam_service)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (!strcmp(services[i].pam_service, pam_service))
			return services[i].word;
	return pam_service;
}

static int refuse(struct fault *fault, const char *scope, const char *why)
{
	char shown[SHOWN];

	text_sanitize(shown, sizeof(shown), scope);
	return fault_set(fault, -EINVAL, "\"%s\" is no scope: %s", shown, why);
}

enum form { PLAIN, PATTERN };

static bool is_service(const char *service, enum form form)
{
	size_t length = strlen(service);

	return length && length <= SERVICE_MAX && service[0] != '-' &&
	       strspn(service, form == PATTERN
	                               ? "abcdefghijklmnopqrstuvwxyz0123456789_-*?"
	                               : "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/* Could the pattern, too, be the name of somebody? */
static bool is_account(const char *account, enum form form)
{
	char name[SCOPE_SIZE * 2];

	if (form == PLAIN)
		return text_is_name(account);
	if (!strcmp(account, SCOPE_OWN))
		return true;
	best_effort(text_copy(name, sizeof(name), account));
	for (char *at = name; *at; at++)
		if (*at == '*' || *at == '?')
			*at = 'x';
	return text_is_name(name);
}

/* One scope, in place cut at its colon. */
static int check_one(const char *scope, const char *service, const char *account, enum form form,
                     struct fault *fault)
{
	if (form == PLAIN && strpbrk(scope, "*?[" SCOPE_OWN))
		return refuse(fault, scope,
		              "patterns stand in rules; name the account that is meant");
	if (!strcasecmp(service, "all") || !strcasecmp(account, "all"))
		return refuse(fault, scope, "none stands for everything; name service and account");
	if (!is_service(service, form))
		return refuse(fault, scope,
		              "the service before the colon is 1 to 64 of a-z 0-9 _ -, such as "
		              "sudo in \"sudo:root\"");
	if (!is_account(account, form))
		return refuse(fault, scope,
		              "the account after the colon is the name of a user, such as root in "
		              "\"sudo:root\"");
	return 0;
}

/* Writes the canonical form of the `length` bytes at `text`, which are meant to be one scope. */
static int canonical_one(const char *text, size_t length, enum form form,
                         char ret_scope[static SCOPE_SIZE], struct fault *fault)
{
	char scope[SCOPE_SIZE * 2], service[SCOPE_SIZE * 2], *account;
	size_t kept = length < sizeof(scope) - 1 ? length : sizeof(scope) - 1;
	int r;

	memcpy(scope, text, kept);
	scope[kept] = '\0';
	if (!length)
		return refuse(fault, scope, "write SERVICE:ACCOUNT, such as \"sudo:root\"");
	if (kept < length)
		return refuse(fault, scope, "longer than two names and a colon");
	memcpy(service, scope, kept + 1);
	account = strchr(service, ':');
	if (!account)
		return refuse(fault, scope, "write SERVICE:ACCOUNT, such as \"sudo:root\"");
	*account++ = '\0';
	r = check_one(scope, service, account, form, fault);
	if (r < 0)
		return r;
	return text_format(ret_scope, SCOPE_SIZE, "%s:%s", scope_service(service), account);
}

static int append(char list[static SCOPES_SIZE], const char *scope, struct fault *fault)
{
	size_t used = strlen(list);

	if (text_format(list + used, SCOPES_SIZE - used, "%s%s", used ? " " : "", scope) < 0)
		return fault_set(fault, -EINVAL,
		                 "the scopes are longer than %d bytes in all; name fewer",
		                 SCOPES_SIZE - 1);
	return 0;
}

int scope_canonical(const char *text, char ret_text[static SCOPES_SIZE], struct fault *fault)
{
	char list[SCOPES_SIZE] = "", scope[SCOPE_SIZE];
	size_t count = 0;

	if (!*text)
		return fault_set(fault, -EINVAL,
		                 "no scope; write SERVICE:ACCOUNT, such as \"sudo:root\"");
	for (const char *at = text;; at++) {
		size_t length = strcspn(at, " ");
		int r;

		if (!length)
			return fault_set(fault, -EINVAL,
			                 "an empty scope; separate scopes by one space each");
		if (count++ == SCOPES_MAX)
			return fault_set(fault, -EINVAL, "more than %d scopes; ask for fewer",
			                 SCOPES_MAX);
		r = canonical_one(at, length, PLAIN, scope, fault);
		if (r < 0)
			return r;
		r = scope_contains(list, scope) ? 0 : append(list, scope, fault);
		if (r < 0)
			return r;
		at += length;
		if (!*at)
			break;
	}
	return text_copy(ret_text, SCOPES_SIZE, list);
}

int scope_pattern_canonical(const char *text, char ret_scope[static SCOPE_SIZE],
                            struct fault *fault)
{
	return canonical_one(text, strlen(text), PATTERN, ret_scope, fault);
}

bool scope_contains(const char *scopes, const char *scope)
{
	size_t wanted = strlen(scope);

	for (const char *at = scopes; wanted && *at;) {
		size_t length = strcspn(at, " ");
		if (length == wanted && !memcmp(at, scope, wanted))
			return true;
		at += length + (at[length] == ' ');
	}
	return false;
}

bool scope_has_service(const char *scopes, const char *service)
{
	size_t wanted = strlen(service);

	for (const char *at = scopes; *at;) {
		if (strcspn(at, ": ") == wanted && at[wanted] == ':' &&
		    !memcmp(at, service, wanted))
			return true;
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	return false;
}

bool scope_may_have_service(const char *pattern, const char *service)
{
	char service_pattern[SCOPE_SIZE];

	return text_format(service_pattern, sizeof(service_pattern), "%.*s",
	                   (int)strcspn(pattern, ":"), pattern) < 0 ||
	       glob_matches(service_pattern, service, GLOB_SCOPE);
}

bool scope_may_be_login(const char *pattern)
{
	return scope_may_have_service(pattern, "ssh") || scope_may_have_service(pattern, "login");
}
