/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a rule that say what follows when it matches.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "policy/rules.h"
#include "policy/ticket.h"

int read_approvals(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	if (value_in_range(&reading->complaints, entry, 0, RULE_APPROVALS_MAX))
		rule->approvals = (unsigned int)entry->number;
	return 0;
}

int read_denials(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	if (value_in_range(&reading->complaints, entry, 1, RULE_DENIALS_MAX))
		rule->denials = (unsigned int)entry->number;
	return 0;
}

int read_uses(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	if (value_in_range(&reading->complaints, entry, 0, RULE_USES_MAX))
		rule->uses = entry->number;
	return 0;
}

int read_max(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	char max[DURATION_SIZE], cap[DURATION_SIZE];

	duration_read(&reading->complaints, entry, &rule->max);
	if (rule->max <= reading->site->max_grant)
		return 0;
	format_duration(rule->max, max);
	format_duration(reading->site->max_grant, cap);
	complain(&reading->complaints, entry->line, entry->key->name,
	         "%s is above max-grant of jitd.conf, which is %s; write that or less", max, cap);
	return 0;
}

int read_default_for(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	duration_read(&reading->complaints, entry, &rule->default_for);
	return 0;
}

int read_pending(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	duration_read(&reading->complaints, entry, &rule->pending);
	return 0;
}

int read_token_ttl(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	char given[DURATION_SIZE], most[DURATION_SIZE];

	duration_read(&reading->complaints, entry, &rule->token_ttl);
	if (rule->token_ttl <= RULE_TOKEN_TTL_MAX)
		return 0;
	format_duration(rule->token_ttl, given);
	format_duration(RULE_TOKEN_TTL_MAX, most);
	complain(&reading->complaints, entry->line, entry->key->name,
	         "%s is longer than a token may lie about; write %s or less", given, most);
	return 0;
}

int read_keep_max(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	duration_read(&reading->complaints, entry, &rule->keep_max);
	return 0;
}

/* Never is a length of time here. */
int read_warn(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	if (!strcmp(entry->values.items[0], "0s"))
		rule->warn = 0;
	else
		duration_read(&reading->complaints, entry, &rule->warn);
	return 0;
}

int read_present(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	rule->present = value_is_second(&reading->complaints, entry, "typed", "held")
	                        ? PRESENT_HELD
	                        : PRESENT_TYPED;
	return 0;
}

int read_reason(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	rule->reason = value_is_second(&reading->complaints, entry, "required", "optional")
	                       ? REASON_OPTIONAL
	                       : REASON_REQUIRED;
	return 0;
}

int read_at_end(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	rule->at_end = value_is_second(&reading->complaints, entry, "terminate", "keep")
	                       ? END_KEEP
	                       : END_TERMINATE;
	return 0;
}

int read_effect(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	rule->effect = value_is_second(&reading->complaints, entry, "deny", "allow")
	                       ? DECISION_ALLOW
	                       : DECISION_DENY;
	return 0;
}

int read_bind(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	for (size_t i = 0; i < entry->values.count; i++)
		if (strcmp(entry->values.items[i], "ssh-key") != 0)
			complain(&reading->complaints, entry->line, entry->key->name,
			         "\"%.80s\" is nothing that a token is bound to; write \"ssh-key\"",
			         entry->values.items[i]);
	if (entry->values.count > 1)
		complain(&reading->complaints, entry->line, entry->key->name,
		         "\"ssh-key\" is all there is; write bind = {\"ssh-key\"}");
	/* what is wrong binds all the same */
	rule->bind_ssh_key = entry->values.count > 0;
	return 0;
}

int read_knock(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	(void)reading;
	rule->knock = entry->number == 1;
	return 0;
}

int read_ticket(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	const char *expression = entry->values.items[0];
	struct fault fault;
	int r = ticket_new(expression, &rule->ticket_compiled, &fault);

	if (r == -EINVAL)
		complain(&reading->complaints, entry->line, entry->key->name, "%s", fault.text);
	if (r < 0)
		return r == -EINVAL ? 0 : r;
	rule->ticket = strdup(expression);
	return rule->ticket ? 0 : -ENOMEM;
}

bool rule_takes_ticket(const struct rule *rule, const char *ticket)
{
	if (!rule->ticket)
		return true;
	/* none at all is no ticket, also where the expression could match nothing */
	return rule->ticket_compiled && *ticket && ticket_matches(rule->ticket_compiled, ticket);
}
