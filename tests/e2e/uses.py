# SPDX-License-Identifier: Apache-2.0
"""A use is counted once: 64 sudos at once for one use, 100 times over; exactly one of them opens."""
from harness import *

ROUNDS, CROWD = 100, 64
POLICY = """
rule "once" { who = {"alice"} scope = {"sudo:root"} approvers = {"bob"} uses = 1 }
"""
# starts all of them, then counts; in one process of alice's, so that nothing but sudo takes the time
BURST = f"""
import subprocess
crowd = [subprocess.Popen(["sudo", "-n", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) for _ in range({CROWD})]
print(sum(one.wait() == 0 for one in crowd))
"""

pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
with Jitd() as jitd:
    opened, sessions, states = [], [], set()
    for _ in range(ROUNDS):
        access = grant("alice", "sudo:root", by="bob")
        burst = run("alice", "/usr/bin/python3", "-c", BURST, timeout=60)
        opened.append(burst.output.strip())
        shown = json.loads(run("root", "jitd-admin", "show", str(access), "--json").output)
        sessions.append(len(shown["sessions"]))
        states.add((shown["state"], shown["uses_left"]))
    check(f"{ROUNDS} rounds of {CROWD}: exactly one opens", set(opened) == {"1"}, str(opened))
    check("and exactly one session is there", set(sessions) == {1}, str(sessions))
    check("the access is used up", states == {("used-up", 0)}, str(states))
finish()
