# SPDX-License-Identifier: Apache-2.0
"""
Sessions that a rule keeps when their access is over, and sessions that end though it is not: their subject left the group,
or a rule denies it by now. On a host without systemd.
"""
import shlex

from harness import *
from kinds import Kinds

GROUP = "friends"
RULES = f"""
defaults {{ max = "1h" }}
rule "kept" {{ who = {{"%{GROUP}"}} scope = {{"sudo:root"}} approvers = {{"bob"}} at-end = "keep" keep-max = "6s" }}
rule "long" {{ who = {{"%{GROUP}"}} scope = {{"su:root"}} approvers = {{"bob"}} at-end = "keep" }}
rule "short" {{ who = {{"%{GROUP}"}} scope = {{"sudo:carol"}} approvers = {{"bob"}} }}
"""
DENY = 'rule "no" { effect = "deny" who = {"alice"} scope = {"sudo:carol"} }\n'
SUDO = ["sudo", "-n"]
WITHIN = 8  # TERM, 5 s, KILL
_folders = iter(f"/run/kept{number}" for number in range(1000))


def opened(*how):
    """Something that runs in a session of alice's; what is left once it is over."""
    kinds = Kinds(next(_folders), "background", "setsid")
    process = subprocess.Popen([AS, "alice", "bash", "-c", shlex.join([*how, *kinds.argv]) + "; true"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    missing = kinds.started()
    check(f"{' '.join(how)}: it runs", not missing, missing)
    return kinds, process


def sessions():
    listed = subprocess.run(["jitd-admin", "sessions", "--json"], capture_output=True, text=True, timeout=20, check=True)
    return json.loads(listed.stdout)


def shown(access):
    said = subprocess.run(["jitd-admin", "show", str(access), "--json"], capture_output=True, text=True, timeout=20, check=True)
    return json.loads(said.stdout)


def over(name, kinds, process, within=WITHIN):
    left, seconds = kinds.all_dead(within)
    check(f"{name}: none lives on", not left, f"{left} after {seconds:.1f} s")
    check(f"{name}: the session is closed", wait_for(lambda: not sessions(), 5), sessions())
    kinds.kill()
    process.wait(10)


def closed(access):
    return [event["text"] for event in jitd.events() if event["access"] == access and event["event"] == "session-close"]


def seconds_between(first, second):
    stamps = [time.mktime(time.strptime(one, "%Y-%m-%dT%H:%M:%SZ")) for one in (first, second)]
    return stamps[1] - stamps[0]


def lives_on_until_keep_max():
    access = grant("alice", "sudo:root", "--for", "3s", by="bob")
    check("keep: show says for how long", shown(access)["keep"] == 6, shown(access))
    kinds, process = opened(*SUDO)
    listed = sessions()
    check("keep: sessions tells the end that counts", len(listed) == 1 and
          seconds_between(shown(access)["until"], listed[0]["until"]) in (5, 6), (listed, shown(access)))  # by both clocks' whole seconds
    check("keep: the access expires", wait_for(lambda: state(access) == "expired", 10), state(access))
    check("keep: the session lives on", kinds.alive() == ["background", "command", "setsid"], kinds.alive())
    check("keep: and is listed, not as one to end", [one["ending"] for one in sessions()] == [None], sessions())
    again = run("alice", *SUDO, "id")
    check("keep: nothing more is opened", again.code != 0 and "uid=0" not in again.output, again)
    over("keep-max is over", kinds, process, 6 + WITHIN)
    check("keep: the event says that its time was up", closed(access) == ["expired"], closed(access))


def ends_at_once():
    ways = {
        "revoked": lambda access: run("bob", "jitd-admin", "revoke", str(access)),
        "returned": lambda access: run("alice", "jit", "cancel", str(access)),
        "session ended": lambda access: run("root", "jitd-admin", "end", f"{access}-1"),
        "locked": lambda access: run("root", "jitd-admin", "lock", "alice"),
    }
    for way, end in ways.items():
        access = grant("alice", "su:root", "--for", "3s", by="bob")
        kinds, process = opened("su", "-s", "/usr/bin/env", "root", "--")
        check(f"kept, {way}: expired first", wait_for(lambda: state(access) == "expired", 10), state(access))
        check(f"kept, {way}: it lives on", kinds.alive() == ["background", "command", "setsid"], kinds.alive())
        said = end(access)
        check(f"kept, {way}: it is told as done", said.code == 0, said)
        over(f"kept, {way}", kinds, process)
        run("root", "jitd-admin", "unlock", "alice")


def member(is_one):
    subprocess.run(["gpasswd", "-a" if is_one else "-d", "alice", GROUP], check=True, capture_output=True)


def ended_event(access):
    return wait_for(lambda: [(event["reason"], event["text"]) for event in jitd.events()
                             if event["access"] == access and event["event"] == "session-end"], 5)


def leaves_the_group():
    access = grant("alice", "sudo:carol", by="bob")
    kinds, process = opened(*SUDO, "-u", "carol")
    member(False)  # nobody asks jitd for anything
    over("group left", kinds, process)
    told = ended_event(access)
    check("group left: an event says why", told == [("not-a-member", "its rule no longer names its subject")], told)
    check("group left: so does the end", closed(access) == ["its rule no longer names its subject"], closed(access))
    refused = run("alice", *SUDO, "-u", "carol", "id")
    check("group left: nothing opens", refused.code != 0, refused)
    member(True)
    check("group: back in it", "carol" in run("alice", *SUDO, "-u", "carol", "id").output)


def is_denied():
    access = grant("alice", "sudo:carol", by="bob")
    kinds, process = opened(*SUDO, "-u", "carol")
    policy(DENY + RULES)
    said = jitd.reload()
    check("denied: the rules are read", said.returncode == 0, said)
    over("denied", kinds, process)
    told = ended_event(access)
    check("denied: an event says why", told == [("rule-denies", "a rule denies it")], told)
    policy(RULES)
    jitd.reload()


def no_longer_given():
    """policy reload --revoke ends also what is kept."""
    access = grant("alice", "su:root", "--for", "3s", by="bob")
    kinds, process = opened("su", "-s", "/usr/bin/env", "root", "--")
    check("--revoke: expired first", wait_for(lambda: state(access) == "expired", 10), state(access))
    policy(RULES.replace('rule "long"', 'rule "other"'))
    said = run("root", "jitd-admin", "policy", "reload", "--revoke")
    check("--revoke: it is told", "1 access revoked" in said.output, said)
    over("--revoke", kinds, process)


subprocess.run(["groupadd", GROUP], check=True)
member(True)
for service in "sudo", "su":
    pam(service)
policy(RULES)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
with Reaper(), Jitd() as jitd:
    lives_on_until_keep_max()
    ends_at_once()
    leaves_the_group()
    is_denied()
    no_longer_given()
finish()
