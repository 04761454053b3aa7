# SPDX-License-Identifier: Apache-2.0
"""
Every further road by which somebody could say yes to their own request, walked with real setuid programs: each is
refused, with reason and event, and the request waits on; then somebody else says yes to that same request, and it is
active. (approval.py has the plain ones, and sudo into an account that the requester holds.) Each goes straight to jitd
with the digest of what is asked, so that no client looks first and gives up.
"""
from harness import *

# the approvers by group, since a rule for an account whose person approves by name does not load at all
POLICY = """
rule "ask"      { who = {"alice", "bob"}  scope = {"su:root"}     approvers = {"%leads"} }
rule "twin"     { who = {"alice"}         scope = {"su:games"}    approvers = {"alix", "dora"} }
rule "both"     { who = {"%leads"}        scope = {"su:news"}     approvers = {"%leads"} }
rule "members"  { who = {"%askers"}       scope = {"su:man"}      approvers = {"%leads"} }
rule "root"     { who = {"alice"}         scope = {"sudo:root"}   approvers = {"carol"} }
rule "as-bob"   { who = {"alice"}         scope = {"sudo:bob", "su:bob"}      approvers = {"carol"} }
rule "as-alice" { who = {"bob"}           scope = {"sudo:alice", "su:alice"}  approvers = {"carol"} }
"""
LOGIN = {True: "login uid set", False: "login uid unset"}
UNSET = 4294967295
BOB = 2002
OWN = "/usr/local/bin/say-as-bob"  # jitd-admin, owned by bob and setuid


def add_people():
    """alix is alice by another name; bob, dora, alice and root lead; erin asks as alice does, and frank joins late."""
    with open("/etc/passwd", "a") as passwd:
        passwd.write("alix:x:2001:2001::/home/alice:/bin/bash\ndora:x:2004:2004::/home:/bin/bash\n"
                     "erin:x:2005:2005::/home:/bin/bash\nfrank:x:2006:2006::/home:/bin/bash\n")
    with open("/etc/group", "a") as group:
        group.write("dora:x:2004:\nerin:x:2005:\nfrank:x:2006:\nleads:x:2100:bob,dora,alice,alix,root\n"
                    "askers:x:2101:alice,erin\n")


def member(user, group, is_one):
    subprocess.run(["gpasswd", "-a" if is_one else "-d", user, group], check=True, capture_output=True)


def yes(access, program="jitd-admin"):
    """The words of a yes to what that access is."""
    shown = subprocess.run(["jitd-admin", "show", str(access), "--json"], capture_output=True, text=True, timeout=20)
    return [program, "approve", str(access), "--digest", json.loads(shown.stdout)["digest"]]


def events_of(jitd, attempt, access, reason):
    """A refusal is found by the access that it was about, if there is one to whoever was refused."""
    return [event for event in jitd.find(attempt, pid=False, event="refused", reason=reason) or []
            if event["access"] in (access, None)]


def refused(jitd, name, attempt, reason, access):
    """It was refused for that reason, with an event of that access, and the access still waits."""
    check(name, attempt.code == 1 and events_of(jitd, attempt, access, reason) and state(access) == "pending",
          f"{attempt}; wanted {reason}: {jitd.events(attempt.event_mark)}; access {state(access)}")


def control(name, access, user="dora"):
    """The same request, and a second person."""
    said = run(user, *yes(access))
    check(f"{name}: and {user} approves it", said.code == 0 and state(access) == "active", said)
    run("root", "jitd-admin", "revoke", str(access))


def opened(jitd, name, attempt):
    """The way there was real: jitd let its session open."""
    check(f"{name}: the way there had opened", jitd.find(attempt, pid=False, event="session-open"),
          f"{attempt}; {jitd.events(attempt.event_mark)}")


# ---- two names ----


def second_names(jitd):
    for asks, says in ("alix", "alice"), ("alice", "alix"), ("alix", "alix"):
        access = request(asks, "su:root")
        for login_uid, said in LOGIN.items():
            refused(jitd, f"two names of one uid: asked as {asks}, approved as {says}, {said}",
                    run(says, *yes(access), login_uid=login_uid), "self-approval", access)
        control(f"asked as {asks}, approved as {says}", access)
        access = request(asks, "su:games")
        refused(jitd, f"two names of one uid: the rule names alix; asked as {asks}, approved as {says}",
                run(says, *yes(access)), "self-approval", access)
        control(f"the rule names alix; asked as {asks}, approved as {says}", access)


# ---- hops ----


def by_su(jitd):
    """A real su to bob, whose account she holds by su."""
    access, way = request("alice", "su:root"), grant("alice", "su:bob", by="carol")
    for login_uid, said in LOGIN.items():
        attempt = run("alice", "su", "bob", "-c", " ".join(yes(access)), login_uid=login_uid)
        refused(jitd, f"su bob, {said}", attempt, "self-approval", access)
        opened(jitd, f"su bob, {said}", attempt)
    run("alice", "jit", "cancel", str(way))
    refused(jitd, "su bob, lately: bob himself", run("bob", *yes(access)), "self-approval", access)
    control("su bob", access)


def by_root(jitd):
    """Two hops over root: no access to bob's account is asked for, and the kernel's login uid tells."""
    access, way = request("alice", "su:root"), grant("alice", "sudo:root", by="carol")
    for name, hops in {
            "sudo su bob": ["sudo", "su", "bob", "-c", " ".join(yes(access))],
            "sudo su - bob": ["sudo", "su", "-", "bob", "-c", " ".join(yes(access))],
            "sudo sudo -u bob": ["sudo", "sudo", "-u", "bob", *yes(access)],
            "sudo setpriv": ["sudo", "setpriv", "--reuid", "bob", "--regid", "bob", "--init-groups", *yes(access)],
            "sudo runuser": ["sudo", "runuser", "-u", "bob", "--", *yes(access)]}.items():
        attempt = run("alice", *hops)
        refused(jitd, f"two hops: {name}", attempt, "self-approval", access)
        opened(jitd, f"two hops: {name}", attempt)
    run("alice", "jit", "cancel", str(way))
    control("two hops over root", access)


def by_setuid(jitd):
    """A program of bob's that is setuid: its effective uid is what the socket tells."""
    subprocess.run(["install", "-o", "bob", "-m", "4755", shutil.which("jitd-admin"), OWN], check=True)
    access = request("alice", "su:root")
    refused(jitd, "setuid program of bob's", run("alice", *yes(access, OWN)), "self-approval", access)
    seen = jitd.events()[-1]
    check("setuid program of bob's: to jitd it was bob", seen["actor"] == "bob", seen)
    refused(jitd, "setuid program of bob's, login uid unset", run("alice", *yes(access, OWN), login_uid=False),
            "self-approval", access)
    refused(jitd, "setuid program of bob's, run by somebody else, login uid unset",
            run("dora", *yes(access, OWN), login_uid=False), "unknown-access", access)
    way = grant("alice", "sudo:bob", by="carol")
    refused(jitd, "setuid program of bob's, made while she held his account, login uid unset",
            run("alice", *yes(access, OWN), login_uid=False), "self-approval", access)
    run("alice", "jit", "cancel", str(way))
    os.unlink(OWN)
    control("setuid program of bob's", access)


# ---- uid 0 ----


def as_root(jitd):
    access, way = request("alice", "su:root"), grant("alice", "sudo:root", by="carol")
    attempt = run("alice", "sudo", *yes(access))
    refused(jitd, "root by sudo, alice's login uid", attempt, "self-approval", access)
    opened(jitd, "root by sudo", attempt)
    refused(jitd, "root by sudo, no login uid", run("alice", "sudo", *yes(access), login_uid=False), "not-a-person", access)
    for other, name in (BOB, "bob's"), (0, "root's own"), (UNSET, "none any more"):
        change = f"echo {UNSET} >/proc/self/loginuid; echo {other} >/proc/self/loginuid; cat /proc/self/loginuid; "
        attempt = run("alice", "sudo", "sh", "-c", change + "exec " + " ".join(yes(access)))
        check(f"root by sudo sets another login uid: {name}: the kernel took it", attempt.output.startswith(str(other)), attempt)
        refused(jitd, f"root by sudo set another login uid: {name}", attempt, "not-a-person", access)
    run("alice", "jit", "cancel", str(way))
    for login_uid, said in LOGIN.items():
        refused(jitd, f"root without sudo, {said}, a member of the approvers", run("root", *yes(access), login_uid=login_uid),
                "not-a-person", access)
    control("root", access)


# ---- what was left behind ----


class Job:
    """Waits in the background, in a session of its own, for words to run; what became of them is read from its files."""

    def __init__(self, name, user, way, login_uid, first=""):
        self.place = pathlib.Path("/tmp") / name
        self.place.mkdir(mode=0o777)
        self.place.chmod(0o777)
        os.mkfifo(self.place / "go")
        (self.place / "go").chmod(0o666)
        script = f"cd {self.place}; {first} read words <go; $words >said 2>&1; echo $? >code.new; mv code.new code"
        self.left = run(user, *way, "sh", "-c", f"id -un >{self.place}/as; setsid sh -c '{script}' >/dev/null 2>&1 </dev/null &",
                        login_uid=login_uid)

    def says(self, words):
        attempt = Attempt(Jitd.running)
        go = os.open(self.place / "go", os.O_RDWR)  # nobody behind it: no wait either
        os.write(go, (" ".join(words) + "\n").encode())
        code = wait_for(lambda: (self.place / "code").exists() and (self.place / "code").read_text(), 10)
        os.close(go)
        output = (self.place / "said").read_text() if (self.place / "said").exists() else "it is gone"
        return attempt.ended(int(code) if code else "timeout", output)

    def runs_as(self):
        return (self.place / "as").read_text().strip()


def left_behind(jitd):
    """A job of alice's stays in bob's account; it speaks while she holds the account, and after."""
    becomes_bob = f"echo {BOB} >/proc/self/loginuid; cat /proc/self/loginuid >login;"
    for login_uid, said, first in (True, LOGIN[True], ""), (False, LOGIN[False], ""), (False, "login uid bob's", becomes_bob):
        access, way = request("alice", "su:root"), grant("alice", "sudo:bob", by="carol")
        jobs = [Job(f"{when}, {said}".replace(" ", "-").replace("'", ""), "alice", ["sudo", "-u", "bob"], login_uid, first)
                for when in ("during", "after")]
        check(f"a job left as bob, {said}: it runs as bob", {job.runs_as() for job in jobs} == {"bob"}, jobs[0].left)
        refused(jitd, f"a job left as bob, {said}: while she holds his account", jobs[0].says(yes(access)), "self-approval",
                access)
        if first:
            own = {(job.place / "login").read_text() for job in jobs}
            check("a job left as bob: nobody had a login uid, so it took bob's", own == {str(BOB)}, own)
        run("alice", "jit", "cancel", str(way))
        refused(jitd, f"a job left as bob, {said}: afterwards", jobs[1].says(yes(access)), "self-approval", access)
        control(f"a job left as bob, {said}", access)


def left_to_ask(jitd):
    """The other way round: bob's job in alice's account asks when he holds it no longer, and he approves."""
    way = grant("bob", "sudo:alice", by="carol")
    job = Job("asks", "bob", ["sudo", "-u", "alice"], False)
    run("bob", "jit", "cancel", str(way))
    asked = job.says(["jit", "request", "su:root", "--no-wait", "--json"])
    check("a job left as alice, login uid unset: it asks as alice", asked.code == 0, asked)
    access = json.loads(asked.output)["id"]
    for login_uid, said in LOGIN.items():
        refused(jitd, f"a job left as alice asked: who left it, {said}", run("bob", *yes(access), login_uid=login_uid),
                "self-approval", access)
    refused(jitd, "a job left as alice asked: alice", run("alice", *yes(access)), "self-approval", access)
    control("a job left as alice asked", access)


# ---- groups ----


def one_group(jitd):
    """Who asks and who approves is one group, and alice is in it by both of her names."""
    access = request("alice", "su:news")
    for user in "alice", "alix":
        for login_uid, said in LOGIN.items():
            refused(jitd, f"one group asks and approves: {user}, {said}", run(user, *yes(access), login_uid=login_uid),
                    "self-approval", access)
    control("one group asks and approves", access)


def changing_groups(jitd):
    """Who is in a group counts when they speak, and being in it is not all."""
    access = request("alice", "su:man")
    member("alice", "leads", False)
    refused(jitd, "the requester left the approvers", run("alice", *yes(access)), "self-approval", access)
    member("alice", "leads", True)
    refused(jitd, "the requester joined the approvers after asking", run("alice", *yes(access)), "self-approval", access)
    member("dora", "leads", False)
    refused(jitd, "an approver who has left the approvers", run("dora", *yes(access)), "unknown-access", access)
    refused(jitd, "who is not yet an approver", run("frank", *yes(access)), "unknown-access", access)
    member("frank", "leads", True)
    control("who joined the approvers after it was asked", access, "frank")
    member("dora", "leads", True)
    access, other = request("alice", "su:man"), request("erin", "su:man")
    member("alice", "askers", False)
    said = run("dora", *yes(access))
    check("the requester left who may ask: refused, and lapsed", said.code == 1 and state(access) == "lapsed" and
          events_of(jitd, said, access, "not-a-member"), f"{said}; {jitd.events(said.event_mark)}")
    control("another who may ask still", other)


add_people()
for service in "sudo", "su", "su-l":
    pam(service)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "bob ALL=(ALL:ALL) NOPASSWD: ALL", "root ALL=(ALL:ALL) NOPASSWD: ALL")
policy(POLICY)
with open("/etc/jitd/jitd.conf", "a") as conf:
    conf.write("\nrequests-per-minute = 100\n")
with Jitd() as jitd:
    second_names(jitd)
    one_group(jitd)
    changing_groups(jitd)
    by_root(jitd)
    as_root(jitd)
    # from here on alice has held bob's account
    by_su(jitd)
    by_setuid(jitd)
    left_behind(jitd)
    left_to_ask(jitd)
finish()
