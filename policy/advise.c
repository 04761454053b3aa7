/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an author may not have meant: rules that load, and that a look by somebody else would ask
 * about. One rule at a time here; what takes two to see is in shadow.c and reboot.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/advise.h"
#include "policy/glob.h"
#include "policy/rules.h"
#include "policy/scope.h"
#include "policy/strings.h"

/* "sudo:*" takes in sudo:root, which may be more than was meant; "sudo:root" beside it says that it
 * was. */
static void advise_root(const struct rule *rule, struct complaints *complaints)
{
	for (size_t i = 0; i < rule->scope.count; i++) {
		const char *scope = rule->scope.items[i], *account = scope_account(scope);
		char root[SCOPE_SIZE + 8];
		if (!glob_is(account) || !glob_matches(account, "root", ""))
			continue;
		(void)snprintf(root, sizeof(root), "%.*sroot", (int)(account - scope), scope);
		if (!strings_hold(&rule->scope, root))
			caution(complaints, rule->line, "scope",
			        "rule \"%s\": %s takes in root; write \"%s\" beside it if that is "
			        "meant",
			        rule->title, scope, root);
	}
}

static void advise_commands(const struct rule *rule, const struct policy_site *site,
                            struct complaints *complaints)
{
	if (rule->commands.count && !site->sudo_plugin)
		caution(complaints, rule->line, "commands",
		        "rule \"%s\" matches nothing: without the sudo plugin no request names a "
		        "command",
		        rule->title);
}

static void advise_via(const struct rule *rule, const struct policy_site *site,
                       struct complaints *complaints)
{
	if (rule->via && !(site->trusts && strings_hold(site->trusts, rule->via)))
		caution(complaints, rule->line, "via",
		        "rule \"%s\" matches nothing: jitd.conf has no trust \"%s\"", rule->title,
		        rule->via);
}

static void advise_ticket(const struct rule *rule, struct complaints *complaints)
{
	size_t length = rule->ticket ? strlen(rule->ticket) : 0;

	if (length && (rule->ticket[0] != '^' || rule->ticket[length - 1] != '$'))
		caution(complaints, rule->line, "ticket",
		        "rule \"%s\": \"%s\" is found anywhere in a ticket; write ^ before it and $ "
		        "after it for the whole",
		        rule->title, rule->ticket);
}

static void advise_denials(const struct rule *rule, struct complaints *complaints)
{
	if (rule->approvals && !names_hold_group(&rule->approvers) &&
	    rule->denials > rule->approvers.count)
		caution(complaints, rule->line, "denials",
		        "rule \"%s\": %u must deny, and %zu can; nobody could end a request",
		        rule->title, rule->denials, rule->approvers.count);
}

static void advise_typed(const struct rule *rule, const struct policy_site *site,
                         struct complaints *complaints)
{
	if (rule->present == PRESENT_TYPED && site->rs256)
		caution(complaints, rule->line, "present",
		        "rule \"%s\": a token signed with RS256 is too long for a prompt; codes are "
		        "typed instead, or sign with ES256",
		        rule->title);
}

/* Nobody but sshd says which key somebody came with. */
static void advise_bind(const struct rule *rule, struct complaints *complaints)
{
	for (size_t i = 0; rule->bind_ssh_key && i < rule->scope.count; i++) {
		const char *scope = rule->scope.items[i];
		bool ssh = scope_may_have_service(scope, "ssh");
		if (!strncmp(scope, "ssh:", 4))
			continue;
		caution(complaints, rule->line, "bind",
		        "rule \"%s\": %s%s cannot be asked for, since only ssh shows a key; write "
		        "a rule without bind for it",
		        rule->title, ssh ? "what is not ssh in " : "", scope);
	}
}

/* What the language has and this version does not do yet. */
static void advise_later(const struct rule *rule, struct complaints *complaints)
{
	if (rule->knock)
		caution(complaints, rule->line, "knock",
		        "rule \"%s\": this version does not act on it", rule->title);
	if (rule->at_end == END_KEEP)
		caution(complaints, rule->line, "at-end",
		        "rule \"%s\": this version does not act on it", rule->title);
}

int policy_advise(const struct policy *policy, const struct policy_site *site,
                  policy_report *report, void *context)
{
	struct complaints complaints = {.report = report, .context = context};
	int r;

	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		complaints.file = rule->file;
		advise_via(rule, site, &complaints);
		if (rule->effect != DECISION_ALLOW)
			continue;
		advise_root(rule, &complaints);
		advise_commands(rule, site, &complaints);
		advise_ticket(rule, &complaints);
		advise_denials(rule, &complaints);
		advise_typed(rule, site, &complaints);
		advise_bind(rule, &complaints);
		advise_later(rule, &complaints);
	}
	r = advise_shadows(policy, &complaints);
	return r < 0 ? r : advise_reboot(policy, &complaints);
}
