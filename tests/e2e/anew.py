# SPDX-License-Identifier: Apache-2.0
"""What is looked at anew, at a request, an approval and a check: groups, rules, and what the approver was shown."""
from harness import *

GROUP = "ops"
RULE = """
rule "root" { who = {"%%ops"}  scope = {"sudo:root"}  approvers = {"bob", "carol"}  denials = 2 %s }
"""
OTHER = """
rule "ticket" { who = {"alice"}  scope = {"su:root"}  approvers = {"bob"}  ticket = "^INC-[0-9]+$" }
rule "key" { who = {"alice"}  scope = {"su:bin"}  approvers = {"bob"}  bind = {"ssh-key"} }
rule "mine" { who = {"alice"}  scope = {"su:games"}  approvals = 0 }
"""


def member(is_one):
    subprocess.run(["gpasswd", "-a" if is_one else "-d", "alice", GROUP], check=True, capture_output=True)


def shown(user, access, tool="jitd-admin"):
    return json.loads(run(user, tool, "show", str(access), "--json").output)


def ask(*more):
    return run("alice", "jit", "request", "sudo:root", "--no-wait", "--json", *more)


def groups(jitd):
    member(True)
    access = request("alice", "sudo:root")
    member(False)
    said = run("bob", "jitd-admin", "approve", str(access))
    check("approval: who left the group is not approved, and bob is told why",
          said.code == 1 and "rule root no longer names alice; alice must ask again" in said.output, said)
    check("approval: the request has lapsed", state(access) == "lapsed" and
          shown("alice", access, "jit")["state"] == "lapsed", state(access))
    said = ask()
    check("request: who left the group may not ask", said.code == 1 and "no rule lets alice ask" in said.output, said)
    member(True)
    access = grant("alice", "sudo:root", by="bob")
    cell("check: a member", jitd, run("alice", "sudo", "id"), opens="uid=0(root)")
    member(False)
    cell("check: who left the group", jitd, run("alice", "sudo", "id"), opens=False, reason="not-a-member")
    member(True)
    cell("check: and came back", jitd, run("alice", "sudo", "id"), opens="uid=0(root)")
    run("alice", "jit", "cancel", str(access))


def what_was_shown():
    access = request("alice", "sudo:root", reason="disk full")
    digest = shown("bob", access)["digest"]
    stale = ("0" if digest[0] != "0" else "1") + digest[1:]
    said = run("bob", "jitd-admin", "approve", str(access), "--digest", stale)
    check("approve --digest: something else was shown", said.code == 1 and state(access) == "pending" and
          f"access {access} is not what you were shown: look again (jitd-admin show {access})" in said.output, said)
    check("show tells both sides the same", shown("alice", access, "jit")["digest"] == digest, digest)
    said = run_pty("bob", "jitd-admin", "approve", str(access), "--comment", "go on")
    check("approve on a terminal says what it says yes to", said.code == 0 and state(access) == "active" and
          re.search(rf"access {access}: alice asks for sudo:root on \S+, 15m \(rule root\)\r\nreason: disk full\r\n",
                    said.output), said)
    decisions = shown("alice", access, "jit")["decisions"]
    check("the requester sees who decided", [(d["by"], d["verdict"], d["comment"]) for d in decisions] ==
          [("bob", "approve", "go on")], decisions)
    run("alice", "jit", "cancel", str(access))


def denials():
    access = request("alice", "sudo:root")
    said = run("bob", "jitd-admin", "deny", str(access), "--comment", "not now")
    check("deny: one of two", said.code == 0 and state(access) == "pending", said)
    said = run("bob", "jitd-admin", "approve", str(access))
    check("deny: one word only", said.code == 1 and state(access) == "pending", said)
    said = run("carol", "jitd-admin", "deny", str(access), "--comment", "nor then")
    check("deny: the second ends it", said.code == 0 and state(access) == "denied", said)
    said = run("alice", "jit", "show", str(access))
    check("the requester sees both", all(word in said.output for word in (
        "denied by carol: nor then", "deny       bob at ", ": not now", "deny       carol at ")), said)


def terms(jitd):
    for wrong in (), ("--ticket", "7"), ("--ticket", "INC-7\nx"):
        said = run("alice", "jit", "request", "su:root", "--no-wait", *wrong)
        check(f"ticket: {wrong[1:]} is refused", said.code == 1 and jitd.find(said, pid=False, event="refused",
                                                                              reason="ticket"), said)
    access = request("alice", "su:root", "--ticket", "INC-7")
    check("ticket: in what the approver sees", shown("bob", access)["ticket"] == "INC-7", access)
    run("alice", "jit", "cancel", str(access))
    said = run("alice", "jit", "request", "su:bin", "--no-wait")
    check("bind: refused, since su shows no ssh key", said.code == 1 and jitd.find(
        said, pid=False, event="refused", reason="no-key"), said)
    said = run("alice", "jit", "request", "su:games", "--no-wait")
    check("approvals = 0: the log says that none was needed", said.code == 0 and any(
        "no approval needed (approvals = 0)" in (event["text"] or "") for event in jitd.events(said.event_mark)
        if event["event"] == "grant"), jitd.events(said.event_mark))


def reloads(jitd):
    pending, active = request("alice", "sudo:root"), grant("alice", "sudo:root", by="bob")
    policy(RULE % 'max = "30m"' + OTHER)
    said = run("root", "jitd-admin", "policy", "reload")
    check("reload: what waits under a changed rule lapses, what runs goes on", said.code == 0 and
          "1 request lapsed" in said.output and (state(pending), state(active)) == ("lapsed", "active"), said)
    cell("reload: it opens as it was approved", jitd, run("alice", "sudo", "id"), opens="uid=0(root)")
    said = run("root", "jitd-admin", "policy", "reload", "--revoke")
    check("reload --revoke: it ends", said.code == 0 and "1 access revoked" in said.output and
          state(active) == "revoked", said)
    cell("reload --revoke: and opens nothing", jitd, run("alice", "sudo", "id"), opens=False, reason="revoked")
    before = json.loads(run("root", "jitd-admin", "status", "--json").output)["policy"]
    policy('rule "x" { frob = 1 }\nrule "y" { max = "soon" }\n')
    said = run("root", "jitd-admin", "policy", "reload")
    check("reload: rules that are wrong: the first error, and how many more", said.code == 1 and
          "frob" in said.output and re.search(r"and \d+ more error", said.output), said)
    after = json.loads(run("root", "jitd-admin", "status", "--json").output)["policy"]
    last = [event for event in jitd.events(said.event_mark) if event["event"] == "policy"]
    check("reload: the old rules stay, and the log says so", before == after and last and
          (last[-1]["verdict"], last[-1]["policy"]) == ("deny", before[:16]), last)


pam("sudo")
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
subprocess.run(["groupadd", GROUP], check=True)
policy(RULE % "" + OTHER)
with Jitd() as jitd:
    groups(jitd)
    what_was_shown()
    denials()
    terms(jitd)
    reloads(jitd)
finish()
