/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One who asks and three who approve, and a rule for each pair of thresholds: sudo:t21 needs two
 * approvals, and one denial ends it.
 */
#ifndef JIT_TESTS_DAEMON_PANEL_H
#define JIT_TESTS_DAEMON_PANEL_H

#include "tests/daemon/harness.h"
#include "tests/daemon/model.h"

#define PANEL_ASKER      3001
#define PANEL_APPROVER   3002 /* the first of three: approver1 */
#define PANEL_THRESHOLDS 3

void panel_come(void); /* after accounts_own() */
/* All rules are as asked, or changed, or a rule before them denies all. Not in force yet. */
void panel_rules(const struct host *host, enum model_rules rules);

#endif
