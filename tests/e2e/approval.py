# SPDX-License-Identifier: Apache-2.0
"""Nobody decides on their own request, by whatever road: each road with the login uid set and with it unset."""
from harness import *

# the approvers by group, since a rule for an account whose person approves by name does not load at all
POLICY = """
rule "root"     { who = {"alice", "bob"}  scope = {"sudo:root"}   approvers = {"%leads"} }
rule "two"      { who = {"alice"}         scope = {"su:root"}     approvers = {"%leads"} approvals = 2 }
rule "as-bob"   { who = {"alice"}         scope = {"sudo:bob"}    approvers = {"carol"} }
rule "as-alix"  { who = {"bob"}           scope = {"sudo:alix", "sudo:nobody-here"}  approvers = {"carol"} }
rule "as-alice" { who = {"bob"}           scope = {"sudo:alice"}  approvers = {"carol"} }
"""
LOGIN = {True: "login uid set", False: "login uid unset"}


def add_people():
    """alix is alice by another name; dora leads as bob, carol and alix do."""
    with open("/etc/passwd", "a") as passwd:
        passwd.write("alix:x:2001:2001::/home/alice:/bin/bash\ndora:x:2004:2004::/home:/bin/bash\n")
    with open("/etc/group", "a") as group:
        group.write("dora:x:2004:\nleads:x:2100:bob,carol,dora,alix,alice,root\n")


def refused(jitd, name, attempt, reason, access):
    """It was refused for that reason, with an event, and the access still waits."""
    events = jitd.find(attempt, pid=False, event="refused", reason=reason)
    check(name, attempt.code == 1 and events and state(access) == "pending",
          f"{attempt}; events {jitd.events(attempt.event_mark)}; access {state(access)}")


def word(user, verdict, access, **how):
    return run(user, "jitd-admin", verdict, str(access), **how)


def own_names(jitd):
    access = request("alice", "sudo:root")
    for login_uid, said in LOGIN.items():
        for verdict in "approve", "deny":
            refused(jitd, f"{verdict}: oneself, {said}", word("alice", verdict, access, login_uid=login_uid),
                    "self-approval", access)
            refused(jitd, f"{verdict}: a second name of the same uid, {said}",
                    word("alix", verdict, access, login_uid=login_uid), "self-approval", access)
            refused(jitd, f"{verdict}: root, {said}", word("root", verdict, access, login_uid=login_uid),
                    "not-a-person", access)
    run("alice", "jit", "cancel", str(access))


def through_sudo(jitd):
    """alice holds an access to bob's account and speaks with bob's uid."""
    sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "bob ALL=(ALL:ALL) NOPASSWD: ALL")
    access = request("alice", "sudo:root")
    road = grant("alice", "sudo:bob", by="carol")
    for login_uid, said in LOGIN.items():
        attempt = run("alice", "sudo", "-u", "bob", "jitd-admin", "approve", str(access), login_uid=login_uid)
        refused(jitd, f"approve: through sudo to the approver's account, {said}", attempt, "self-approval", access)
        events = jitd.find(attempt, pid=False, event="session-open", session=f"{road}-{1 if login_uid else 2}")
        check(f"that sudo had opened, {said}", events, attempt)
    refused(jitd, "approve: bob himself, whose account she holds", word("bob", "approve", access), "self-approval", access)
    run("alice", "jit", "cancel", str(road))
    refused(jitd, "approve: bob himself, whose account she held", word("bob", "approve", access), "self-approval", access)
    said = word("dora", "approve", access)
    check("approve: somebody else, whose account she never held", said.code == 0 and state(access) == "active", said)
    run("alice", "jit", "cancel", str(access))


def asking_as_another(jitd):
    """bob asks with alice's uid, to approve as himself."""
    grant("bob", "sudo:alice", by="carol")
    mark = jitd.last_event()
    asked = run("bob", "sudo", "-u", "alice", "jit", "request", "sudo:root", "--no-wait")
    check("request: through sudo, login uid set: refused", asked.code == 1 and "login" in asked.output, asked)
    check("it has its event", [e for e in jitd.events(mark) if e["event"] == "refused" and e["reason"] == "not-a-person"],
          jitd.events(mark))
    asked = run("bob", "sudo", "-u", "alice", "jit", "request", "sudo:root", "--no-wait", "--json", login_uid=False)
    check("request: through sudo, login uid unset: it waits", asked.code == 0, asked)
    access = json.loads(asked.output)["id"]
    for login_uid, said in LOGIN.items():
        refused(jitd, f"approve: who held the requester's account, {said}",
                word("bob", "approve", access, login_uid=login_uid), "self-approval", access)
    run("alice", "jit", "cancel", str(access))


def second_names(jitd):
    """An account is asked for by its own name, or the way back to its person would be lost."""
    for scope, reason in ("sudo:alix", "second-name"), ("sudo:nobody-here", "unknown-user"):
        asked = run("bob", "jit", "request", scope, "--no-wait")
        events = jitd.find(asked, pid=False, event="refused", reason=reason)
        check(f"request: {scope}: refused as {reason}", asked.code == 1 and events, asked)
    access = grant("alice", "sudo:root", by="dora")
    for user in "lock", "unlock":
        said = run("root", "jitd-admin", user, "alix")
        check(f"{user}: by a second name: it says which name counts", said.code == 1 and "alice" in said.output, said)
    said = run("root", "jitd-admin", "revoke", "--user", "alix")
    check("revoke --user: a second name ends what its person holds", state(access) == "revoked", said)


def two_people(jitd):
    access = request("alice", "su:root")
    word("dora", "approve", access)
    refused(jitd, "approve: the same person twice", word("dora", "approve", access), "decided", access)
    said = word("carol", "approve", access)
    check("approve: a second person", said.code == 0 and state(access) == "active", said)
    run("alice", "jit", "cancel", str(access))
    access = request("alice", "su:root")
    word("dora", "approve", access)
    said = word("carol", "deny", access, login_uid=False)
    check("deny: one is enough", said.code == 0 and state(access) == "denied", said)
    late = word("carol", "approve", access)
    check("approve: after a denial it is too late", late.code == 1 and state(access) == "denied", late)


add_people()
pam("sudo")
policy(POLICY)
with Jitd() as jitd:
    own_names(jitd)
    second_names(jitd)
    two_people(jitd)
    through_sudo(jitd)
    asking_as_another(jitd)
finish()
