# SPDX-License-Identifier: Apache-2.0
"""
Sessions that a rule keeps when their access is over, and those of who left a group, where systemd runs: the scope of one
that is kept ends at keep-max by itself, and the unit's confinement leaves jitd its sight of /etc/group.
"""
import shlex

from units import *
from kinds import Kinds

GROUP = "friends"
POLICY = f"""
rule "root" {{ who = {{"%{GROUP}"}} scope = {{"sudo:root"}} approvers = {{"bob"}} at-end = "keep" keep-max = "6s" }}
rule "carol" {{ who = {{"%{GROUP}"}} scope = {{"sudo:carol"}} approvers = {{"bob"}} at-end = "keep" }}
"""
ALL = ["background", "command", "setsid"]
_folders = iter(f"/run/kept{number}" for number in range(1000))


def opened(*how):
    kinds = Kinds(next(_folders), "background", "setsid")
    process = subprocess.Popen([AS, "alice", "bash", "-c", shlex.join(["sudo", "-n", *how, *kinds.argv]) + "; true"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    missing = kinds.started()
    check("it runs", not missing, missing)
    return kinds, process


def over(name, kinds, process, within):
    left, seconds = kinds.all_dead(within)
    check(f"{name}: none lives on", not left, f"{left} after {seconds:.1f} s")
    kinds.kill()
    process.wait(20)


def by_systemd_alone():
    access = grant("alice", "sudo:root", "--for", "4s", by="bob")
    kinds, process = opened()
    seconds = systemctl("show", "-P", "RuntimeMaxUSec", f"jit-{access}-1.scope")
    check("kept: its scope lasts for what is left and keep-max", seconds in {f"{n}s" for n in range(7, 11)}, seconds)
    check("kept: the access expires", wait_for(lambda: state(access) == "expired", 10), state(access))
    check("kept: it lives on", kinds.alive() == ALL, kinds.alive())
    jitd.kill_and_keep_down()
    over("keep-max is over, jitd dead", kinds, process, 15)
    jitd.start(fresh=False)


def revoked():
    access = grant("alice", "sudo:carol", "--for", "3s", by="bob")
    kinds, process = opened("-u", "carol")
    check("kept, revoked: expired first", wait_for(lambda: state(access) == "expired", 10), state(access))
    check("kept, revoked: it lives on", kinds.alive() == ALL, kinds.alive())
    revoke("bob", access)
    over("kept, revoked", kinds, process, 6)


def leaves_the_group():
    grant("alice", "sudo:carol", by="bob")
    kinds, process = opened("-u", "carol")
    subprocess.run(["gpasswd", "-d", "alice", GROUP], check=True, capture_output=True)
    over("group left", kinds, process, 6)
    check("group left: it was seen at once, since /etc is", "seen within a minute" not in journal("jitd.service"))


subprocess.run(["groupadd", GROUP], check=True)
subprocess.run(["gpasswd", "-a", "alice", GROUP], check=True, capture_output=True)
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
with Units() as jitd:
    by_systemd_alone()
    revoked()
    leaves_the_group()
    (KEEP / "kept.jitd.service.journal").write_text(journal("jitd.service"))
finish()
