# SPDX-License-Identifier: Apache-2.0
"""
Whatever jitd and jit-reaper do, they do with the system calls that their units let them have: doors, and stories of
tests/e2e, under the units, with a filter that kills in place of saying EPERM. More arguments: which stories; "all".
"""
import runpy

from units import *
from kinds import Kinds
from ssh_door import give_key, ssh_client, token

ALL = ["anew", "approval", "commands", "interop", "keys", "self_approval", "uses"]  # that stop and start it as units can
STORIES = ALL if sys.argv[2:] == ["all"] else sys.argv[2:] or ["approval", "uses"]
UNITS = "jitd.service", "jit-reaper.service"
KILLS = "[Service]\nSystemCallErrorNumber=\n"
CONTROL = """[Service]
Type=oneshot
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
ExecStart=/usr/sbin/chroot / /bin/true
"""
POLICY = """
rule "root" { who = {"%ops"} scope = {"sudo:root", "su:carol"} approvers = {"bob"} max = "1h" }
rule "own" { who = {"alice"} scope = {"ssh:alice"} approvers = {"bob"} max = "1h" }
rule "typed" { who = {"alice"} scope = {"sudo:carol"} approvers = {"bob"} present = "typed" }
"""
KEPT = [pathlib.Path("/etc", name) for name in ("passwd", "shadow", "group", "gshadow", "jitd", "pam.d", "sudoers.d")]


class Anew(Units):
    """What the stories take for a jitd that they start by hand: it begins with an empty store, and has a log to read."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.log = self

    def read_text(self):
        return journal("jitd.service")

    def start(self, fresh=True):
        if self.arguments:
            raise SystemExit(f"jitd.service takes no arguments: {self.arguments}")
        if fresh:
            self.stop()
            shutil.rmtree("/var/lib/jitd")
        return super().start(fresh)


def keep(folder):
    for path in KEPT:
        subprocess.run(["cp", "-a", path, folder], check=True)


def put_back(folder):
    for path in KEPT:
        subprocess.run(["rsync", "-a", "--delete", folder / path.name, "/etc/"], check=True)


def play(story):
    """A story, as its own program."""
    import harness
    harness.Jitd, harness.STORY = Anew, story
    sys.argv = [str(TOP / "tests" / "e2e" / f"{story}.py"), str(KEEP)]
    runpy.run_path(sys.argv[0], run_name="__main__")


def played(story):
    said = subprocess.run([sys.executable, __file__, str(KEEP), "--play", story], capture_output=True, text=True, timeout=200)
    (KEEP / f"syscalls-{story}.out").write_text(said.stdout + said.stderr)
    bad = [line for line in said.stdout.splitlines() if line.startswith("not ok")]
    check(f"{story}, under the units", said.returncode == 0, [said.stderr[-1000:], *bad])


def killed(unit):
    return [line for line in journal(unit).splitlines() if "status=31" in line or "SYS" in line]


def set_filters():
    for unit in UNITS:
        folder = pathlib.Path("/run/systemd/system", unit + ".d")
        folder.mkdir(parents=True)
        (folder / "kill.conf").write_text(KILLS)
    pathlib.Path("/run/systemd/system/control.service").write_text(CONTROL)
    systemctl("daemon-reload")
    systemctl("start", "control.service", check=False)
    check("the filter kills", killed("control.service"), journal("control.service"))


def doors():
    """Each door, and each way in which a session ends."""
    grant("alice", "ssh:alice", by="bob")
    check("ssh: it opens", "uid=2001" in ssh_client("alice", "publickey", "id").process.communicate(timeout=20)[0])
    number = grant("alice", "sudo:carol", by="bob")
    typed = run_pty("alice", "sudo", "-u", "carol", "id", answers=[("code: ", token("alice", number, "--code"))])
    check("sudo: a typed code opens", "uid=2003" in typed.output, typed)
    grant("alice", "su:carol", by="bob")
    check("su: it opens", "uid=2003" in run("alice", "su", "carol", "-c", "id").output)
    ends = {
        "revoked": lambda access: revoke("bob", access),
        "returned": lambda access: run("alice", "jit", "cancel", str(access)),
        "ended": lambda access: run("root", "jitd-admin", "end", f"{access}-1"),
        "locked": lambda access: run("root", "jitd-admin", "lock", "alice"),
        "expired": lambda access: None,
    }
    for name, end in ends.items():
        access = grant("alice", "sudo:root", *(["--for", "4s"] if name == "expired" else []), by="bob")
        kinds = Kinds(f"/run/kinds-{name}", "setsid", "ignores")
        process = subprocess.Popen([AS, "alice", "sudo", "-n", *kinds.argv], stdin=subprocess.DEVNULL, start_new_session=True)
        missing = kinds.started(4)
        end(access)
        left, _ = kinds.all_dead(9)
        check(f"sudo, {name}: it ran, and is over", not missing and not left, (missing, left))
        process.wait(20)
        run("root", "jitd-admin", "unlock", "alice")
        run("root", "jitd-admin", "revoke", str(access))


def upkeep():
    """Reload, keys, another algorithm, restart with a live login, what is told."""
    grant("alice", "ssh:alice", by="bob")
    kinds = Kinds("/run/kinds-upkeep", "setsid")
    client = ssh_client("alice", "publickey", " ".join(kinds.argv))
    check("upkeep: the login runs", not kinds.started(10), kinds.alive())
    with open("/etc/jitd/jitd.conf", "a") as conf:
        conf.write('\nalgorithm = "RS256"\n')
    systemctl("reload", "jitd.service")
    systemctl("restart", "jitd.service")
    keys = json.loads(run("root", "jitd-admin", "keys", "list", "--json").output)
    check("upkeep: there is a key of the new algorithm", "RS256" in [one["algorithm"] for one in keys], keys)
    for words in (["keys", "rotate"], ["keys", "export"], ["policy", "reload", "--revoke"], ["status"], ["audit", "list"], ["sessions"]):
        said = run("root", "jitd-admin", *words)
        check(f"upkeep: {' '.join(words)}", said.code == 0, said)
    old, = [one["kid"] for one in keys if one["state"] == "current"]
    check("upkeep: keys retire", run("root", "jitd-admin", "keys", "retire", "--", old).code == 0)
    run("root", "jitd-admin", "revoke", "--all")
    left, _ = kinds.all_dead(5)
    check("upkeep: the login is over", not left, left)
    client.process.wait(20)


def exposure():
    """systemd's own figure of the units as they run, without PrivateUsers= and ProtectProc=, which would blind them."""
    for unit in UNITS:
        said = subprocess.run(["systemd-analyze", "security", "--no-pager", unit], capture_output=True, text=True).stdout
        found = re.search(rf"exposure level for {re.escape(unit)}: ([0-9.]+)", said)
        print(f"# exposure of {unit}: {found and found[1]}")
        check(f"{unit}: its exposure is at most 1.2", found and float(found[1]) <= 1.2, said[-300:])


if sys.argv[2:3] == ["--play"]:
    play(sys.argv[3])
set_filters()
kept = pathlib.Path("/root/kept")
kept.mkdir()
keep(kept)
for name in STORIES:
    played(name)
    put_back(kept)
subprocess.run("groupadd ops; gpasswd -a alice ops", shell=True, check=True, capture_output=True)
give_key("alice")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
with Anew():
    doors()
    upkeep()
exposure()
for unit in UNITS:
    check(f"{unit}: no system call was one too many", not killed(unit), killed(unit))
    (KEEP / f"{unit}.journal").write_text(journal(unit))
finish()
