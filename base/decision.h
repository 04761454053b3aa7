/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions are enums whose zero refuses. ALLOW, DENY and EXEMPT lie far apart, so that neither
 * cleared memory nor a few flipped bits make one of another (CVE-2023-42465). Test `==
 * DECISION_ALLOW`; everything else is a refusal.
 */
#ifndef JIT_BASE_DECISION_H
#define JIT_BASE_DECISION_H

enum decision {
	DECISION_NONE = 0,
	DECISION_ALLOW = 0x5c36a9e1,
	DECISION_DENY = 0x2389561e,
	DECISION_EXEMPT = 0x1ad0e547, /* only for services that jitd.conf exempts: PAM_IGNORE */
};

#endif
