/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/reload.h"

#include <string.h>

#include "base/text.h"
#include "jitd/instant.h"
#include "jitd/issuers.h"
#include "jitd/recheck.h"
#include "jitd/rules.h"

int reload_rules(struct jitd *jitd, struct fault *fault)
{
	struct policy *fresh;
	char digest[sizeof(jitd->policy_digest)];
	int r = rules_load(jitd->settings, &fresh, digest, fault);

	if (r < 0)
		return r;
	policy_free(jitd->policy);
	jitd->policy = fresh;
	memcpy(jitd->policy_digest, digest, sizeof(digest));
	recheck_soon(jitd);
	return 0;
}

static struct event event_of(const struct jitd *jitd, int result, const struct fault *fault)
{
	if (result < 0)
		return (struct event){.event = EVENT_POLICY,
		                      .verdict = "deny",
		                      .reason = "policy",
		                      .text = fault->text};
	return (struct event){
	        .event = EVENT_POLICY, .verdict = "allow", .text = jitd->policy_digest};
}

static void read_issuers_alone(struct jitd *jitd)
{
	size_t refused;
	int r = txn_enter(jitd->txn);

	if (r == 0) {
		r = issuers_read(jitd, instant_now(jitd).now, &refused);
		r = txn_leave(jitd->txn, r);
	}
	if (r < 0)
		audit_log(jitd->audit,
		          "keys of other issuers were read anew, and it is not on disk");
}

void reload_by_signal(struct jitd *jitd)
{
	struct fault fault;
	int r = reload_rules(jitd, &fault);
	struct event event = event_of(jitd, r, &fault);

	audit_alone(jitd, instant_now(jitd).now, &event);
	read_issuers_alone(jitd);
	if (r == 0)
		sweep_begin(jitd, NULL, NULL, NULL);
}

int handle_reload(struct call *call)
{
	struct fault fault;
	int r = reload_rules(call->jitd, &fault);
	struct event event = event_of(call->jitd, r, &fault);

	event.actor = call->caller->name;
	event.actor_uid = call->caller->uid;
	event.pid = call->peer->process.pid;
	if (r < 0)
		call_say_no(call, "the old policy stays: %s", fault.text);
	call->sweep = r == 0;
	r = audit_append(call->jitd, call->now, &event);
	return r < 0 ? r : issuers_read(call->jitd, call->now, &call->issuers_refused);
}

static void count(char *text, size_t size, size_t number, const char *one, const char *more)
{
	size_t used = strlen(text);

	if (number)
		best_effort(text_format(text + used, size - used, "; %zu %s", number,
		                        number == 1 ? one : more));
}

void reload_tell(struct call *call, const struct swept *swept)
{
	size_t rules = policy_rule_count(call->jitd->policy);
	char counts[256] = "";

	if (swept->result < 0) {
		call_say_no(call, "%s", RELOAD_NOT_ON_DISK);
		return;
	}
	count(counts, sizeof(counts), swept->lapsed, "request lapsed", "requests lapsed");
	count(counts, sizeof(counts), swept->revoked, "access revoked", "accesses revoked");
	count(counts, sizeof(counts), swept->unknown,
	      "access left to its next check, since NSS does not answer",
	      "accesses left to their next check, since NSS does not answer");
	count(counts, sizeof(counts), call->issuers_refused,
	      "trust without a good file of keys (jitd's log says why)",
	      "trusts without a good file of keys (jitd's log says why)");
	call_done(call, 0, "policy in force: %zu rule%s%s", rules, rules == 1 ? "" : "s", counts);
}
