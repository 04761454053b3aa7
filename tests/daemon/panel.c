/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/panel.h"

#include <stdio.h>
#include <string.h>

#include "tests/daemon/accounts.h"

#define TARGETS "who = {\"asker\"} approvers = {\"%%deciders\"} max = \"1h\" default = \"30m\" "

static void write_rules(char *text, size_t size, enum model_rules rules)
{
	size_t used = (size_t)snprintf(
	        text, size, "%s",
	        rules == RULES_DENYING
	                ? "rule \"no\" { effect = \"deny\" who = {\"asker\"} scope = {\"sudo:*\"} }\n"
	                : "");

	for (int n = 1; n <= PANEL_THRESHOLDS; n++)
		for (int d = 1; d <= PANEL_THRESHOLDS; d++)
			used += (size_t)snprintf(text + used, size - used,
			                         "rule \"t%d%d\" { " TARGETS
			                         "scope = {\"sudo:t%d%d\"}\napprovals = %d "
			                         "denials = %d pending = \"%s\" }\n",
			                         n, d, n, d, n, d,
			                         rules == RULES_CHANGED ? "6m" : "5m");
	assert_true(used < size);
}

void panel_rules(const struct host *host, enum model_rules rules)
{
	char text[4096];

	write_rules(text, sizeof(text), rules);
	host_rules(host, text);
}

void panel_come(void)
{
	char text[1024] = "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n"
	                  "asker:x:3001:3001::/:/bin/sh\napprover1:x:3002:3002::/:/bin/sh\n"
	                  "approver2:x:3003:3003::/:/bin/sh\napprover3:x:3004:3004::/:/bin/sh\n";

	for (int n = 1; n <= PANEL_THRESHOLDS; n++)
		for (int d = 1; d <= PANEL_THRESHOLDS; d++)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			               "t%d%d:x:%d:3001::/:/bin/sh\n", n, d, 3100 + 10 * n + d);
	accounts_passwd(text);
	accounts_group("root:x:0:\ndaemon:x:1:\nasker:x:3001:\n"
	               "deciders:x:3100:approver1,approver2,approver3\n");
}
