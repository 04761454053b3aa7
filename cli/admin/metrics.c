/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/metrics.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/parse.h"

/* Those of one name stand together: their help and type are said once. */
static const struct metric {
	const char *counter, *name, *labels, *type, *help;
} metrics[] = {
        {"rules", "jitd_rules", "", "gauge", "Rules of the policy in force."},
        {"pending", "jitd_accesses", "{state=\"pending\"}", "gauge",
         "Accesses that wait for a decision, or are active."},
        {"active", "jitd_accesses", "{state=\"active\"}", "gauge", ""},
        {"sessions", "jitd_sessions", "", "gauge", "Sessions that are open."},
        {"sessions-to-end", "jitd_sessions_to_end", "", "gauge", "Open sessions that are to end."},
        {"locked", "jitd_locked_subjects", "", "gauge", "Subjects that are locked."},
        {"events", "jitd_events_total", "", "counter", "Events of the audit log."},
        {"checks-allowed", "jitd_checks_total", "{verdict=\"allow\"}", "counter",
         "Checks of PAM clients since the start, by verdict."},
        {"checks-denied", "jitd_checks_total", "{verdict=\"deny\"}", "counter", ""},
        {"commits", "jitd_commits_total", "", "counter",
         "Transactions that wrote, on disk since the start."},
        {"messages-committed", "jitd_committed_messages_total", "", "counter",
         "Checks, commands, grants and the like that shared these commits."},
        {"rows-committed", "jitd_committed_rows_total", "", "counter",
         "Rows that these commits wrote."},
        {"failed-transactions", "jitd_failed_transactions_total", "", "counter",
         "Transactions that came to nothing since the start."},
        {"pam-connections", "jitd_connections", "{socket=\"pam\"}", "gauge",
         "Connections that are open."},
        {"client-connections", "jitd_connections", "{socket=\"client\"}", "gauge", ""},
        {"names-lost", "jitd_lost_name_lookups", "", "gauge",
         "Threads that an answer of NSS does not come back to."},
};
#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

static const struct wire_counter *find(const struct wire_counter *counters, size_t count,
                                       const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(counters[i].name, name))
			return &counters[i];
	return NULL;
}

void metrics_print(FILE *to, const struct wire_counter *counters, size_t count)
{
	for (size_t i = 0; i < METRICS; i++) {
		const struct metric *metric = &metrics[i];
		const struct wire_counter *counter = find(counters, count, metric->counter);
		uint64_t value;

		if (!counter || parse_number(counter->value, INT64_MAX, &value) < 0)
			continue;
		if (*metric->help)
			fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
			        metric->name, metric->type);
		fprintf(to, "%s%s %" PRIu64 "\n", metric->name, metric->labels, value);
	}
}
