# SPDX-License-Identifier: Apache-2.0
"""The main job on a real su: the target is in every phase, root's own is untouched."""
from harness import *

POLICY = """
rule "to-bob" {
  who = {"alice"}
  scope = {"su:bob"}
  approvers = {"carol"}
}
"""
# su itself waits a second more after a refusal
WITHIN = 6.5
NO_ANSWER = r"pam_jit\(su(-l)?:auth\).*jitd"

for service in "su", "su-l":
    pam(service)
policy(POLICY)

with Jitd() as jitd:
    cell("su, no access: refused", jitd, run("alice", "su", "bob", "-c", "id"), opens=False, says="jit request su:bob")
    access = request("alice", "su:bob")
    cell("su, pending: refused", jitd, run("alice", "su", "bob", "-c", "id"), opens=False)
    approve("carol", access)
    cell("su, active: opens", jitd, run("alice", "su", "bob", "-c", "id"), opens="uid=2002(bob)")
    cell("su -, active: opens", jitd, run("alice", "su", "-", "bob", "-c", "id"), opens="uid=2002(bob)")
    cell("su to root: refused", jitd, run("alice", "su", "-c", "id"), opens=False)
    own = run("root", "su", "carol", "-c", "id")
    check("root's own su works", own.code == 0 and "uid=2003(carol)" in own.output, own)
    revoke("carol", access)
    cell("su, revoked: refused", jitd, run("alice", "su", "bob", "-c", "id"), opens=False)
    grant("alice", "su:bob", by="carol")
    jitd.hang()
    cell("su, jitd hung: refused in time", jitd, run("alice", "su", "bob", "-c", "id"), opens=False, log=NO_ANSWER, within=WITHIN)
    jitd.stop()
    cell("su, jitd stopped: refused in time", jitd, run("alice", "su", "bob", "-c", "id"), opens=False, log=NO_ANSWER,
         within=WITHIN)
    own = run("root", "su", "-", "carol", "-c", "id")
    check("su, jitd stopped: root's own su works", own.code == 0 and "uid=2003(carol)" in own.output, own)
finish()
