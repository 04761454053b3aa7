# SPDX-License-Identifier: Apache-2.0
"""The main job on a real sudo: no access, pending, approved, wrong target, revoked; jitd stopped and hung."""
from harness import *

POLICY = """
rule "root" {
  who = {"alice"}
  scope = {"sudo:root"}
  approvers = {"alice", "bob"}
}
"""
REFUSED = r"jit request sudo:root"
NO_ANSWER = r"pam_jit\(sudo:account\).*jitd"

for service in "sudo", "sudo-i":
    pam(service)
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")


def sudo(*arguments, user="alice"):
    return run(user, "sudo", *arguments)


with Jitd() as jitd:
    cell("no access: NOPASSWD does not open", jitd, sudo("id"), opens=False, says=REFUSED)
    access = request("alice", "sudo:root")
    cell("pending: refused", jitd, sudo("id"), opens=False)
    for login_uid in True, False:
        own = run("alice", "jitd-admin", "approve", str(access), login_uid=login_uid)
        check(f"nobody approves their own (login uid {'set' if login_uid else 'unset'})", own.code == 1, own)
    own = run("root", "jitd-admin", "approve", str(access))
    check("root approves nothing", own.code == 1, own)
    check("it is still pending", state(access) == "pending", state(access))
    approve("bob", access)
    cell("active: opens", jitd, sudo("id"), opens="uid=0(root)")
    cell("active: opens on a terminal, with nothing to type", jitd, run_pty("alice", "sudo", "id"), opens="uid=0(root)")
    cell("active: sudo -i opens", jitd, sudo("-i", "id"), opens="uid=0(root)")
    cell("wrong target: refused", jitd, sudo("-u", "carol", "id"), opens=False)
    sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "carol ALL=(ALL:ALL) NOPASSWD: ALL")
    cell("another person: refused", jitd, sudo("id", user="carol"), opens=False)
    sudoers("alice ALL=(ALL:ALL) ALL")
    cell("active, password rule: the held token is enough", jitd, sudo("id"), opens="uid=0(root)")
    # bob takes it back between two sudos on one terminal: with the ticket cached only `account` is asked
    cached = run_pty("alice", "bash", "-c", "sudo id && read -r -p 'go on? ' && sudo -n id",
                     answers=[("go on", lambda child: (revoke("bob", access), child.sendline("")))])
    cell("revoked: a cached ticket does not open", jitd, cached, opens=False, pid=False, phase="account")
    check("before that the ticket was made", cached.output.count("uid=0(root)") == 1, cached)
    sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
    cell("revoked: NOPASSWD does not open", jitd, sudo("id"), opens=False, says=REFUSED)

    grant("alice", "sudo:root", by="bob")
    jitd.hang()
    cell("jitd hung: refused in time", jitd, sudo("id"), opens=False, log=NO_ANSWER, within=6)
    jitd.go_on()
    cell("jitd goes on: opens", jitd, sudo("id"), opens="uid=0(root)")
    jitd.stop()
    cell("jitd stopped: refused in time", jitd, sudo("id"), opens=False, log=NO_ANSWER, within=6)
    own = run("root", "sudo", "id")
    check("jitd stopped: root's own sudo works", own.code == 0 and "uid=0(root)" in own.output, own)
    jitd.start(fresh=False)
    cell("jitd back: the access is still there", jitd, sudo("id"), opens="uid=0(root)")
finish()
