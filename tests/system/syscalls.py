# SPDX-License-Identifier: Apache-2.0
"""
Whatever jitd and jit-reaper do, they do with the system calls that their units let them have: doors, and stories of
tests/e2e, under the units, with a filter that kills in place of saying EPERM. More arguments: these stories, and no
doors; tests/run syscalls has each of them.
"""
from units import *
from kinds import Kinds
from ssh_door import give_key, ssh_client, token

SHORT = ["approval", "uses"]
SECONDS = 900
STORIES = sys.argv[2:] or SHORT
UNITS = "jitd.service", "jit-reaper.service"
KILLS = "[Service]\nSystemCallErrorNumber=\n"
CONTROL = """[Service]
Type=oneshot
{}
ExecStart=/usr/sbin/chroot / /bin/true
"""
POLICY = """
rule "root" { who = {"%ops"} scope = {"sudo:root", "su:carol"} approvers = {"bob"} max = "1h" }
rule "own" { who = {"alice"} scope = {"ssh:alice"} approvers = {"bob"} max = "1h" }
rule "typed" { who = {"alice"} scope = {"sudo:carol"} approvers = {"bob"} present = "typed" }
"""
KEPT = ["etc", "home", "root", "usr/local"]
BOOTED = ["ssh.service", "jitd-pam.socket", "jitd.socket", "jit-reaper.socket"]


def keep(name):
    """What the stories change of a machine."""
    pathlib.Path("/var/kept", name).mkdir(parents=True)
    for folder in KEPT:
        subprocess.run(["rsync", "-aR", "--delete", f"/./{folder}", f"/var/kept/{name}/"], check=True)


def put_back(name):
    for folder in KEPT:
        subprocess.run(["rsync", "-aR", "--delete", f"/var/kept/{name}/./{folder}", "/"], check=True)
    for unit in UNITS:
        pathlib.Path(f"/run/systemd/system/{unit}.d/story.conf").unlink(missing_ok=True)
    systemctl("daemon-reload")


def played(story):
    """As a unit of its own, with which all ends that it started. There is a line for each check that fails."""
    out, begun = KEEP / f"syscalls-{story}.out", time.monotonic()
    out.write_text("")
    told = [f"--property=StandardOutput=file:{out}", "--property=StandardError=inherit", f"--property=RuntimeMaxSec={SECONDS}"]
    told += [f"--setenv={name}={os.environ[name]}" for name in ("HOME", "LC_ALL", "PYTHONDONTWRITEBYTECODE")]
    status = subprocess.run(["systemd-run", "--quiet", "--wait", "--collect", f"--unit=story-{story}", *told, sys.executable,
                             TOP / "tests" / "system" / "played.py", KEEP, story]).returncode
    lines = out.read_text().splitlines()
    bad = [line for line in lines if line.startswith("not ok")]
    check(f"{story}, under the units", status == 0, [f"exit {status}", *(bad or lines[-5:])])
    print(f"# {story}: {len([line for line in lines if line.startswith('ok')])} ok, {time.monotonic() - begun:.0f} s", flush=True)


def play():
    """In a machine as packaging/machine makes it, but for its systemd."""
    keep("booted")
    systemctl("stop", *UNITS, *BOOTED)
    subprocess.run([TOP / "packaging" / "machine", "--here"], check=True)
    keep("machine")
    for story in STORIES:
        played(story)
        put_back("machine")


def as_booted():
    put_back("booted")
    shutil.rmtree("/var/lib/jitd", ignore_errors=True)
    pathlib.Path("/dev/log").unlink()
    pathlib.Path("/dev/log").symlink_to("/run/systemd/journal/dev-log")
    systemctl("start", *BOOTED)


def killed(*units):
    return [line for line in journal(*units).splitlines() if "status=31" in line or "SYS" in line]


def set_filters():
    for unit in UNITS:
        folder = pathlib.Path("/run/systemd/system", unit + ".d")
        folder.mkdir(parents=True)
        (folder / "kill.conf").write_text(KILLS)
    systemctl("daemon-reload")
    for unit in UNITS:
        filters = [line for line in systemctl("cat", unit).splitlines() if line.startswith("SystemCall")]
        pathlib.Path("/run/systemd/system", f"control-{unit}").write_text(CONTROL.format("\n".join(filters)))
        systemctl("start", f"control-{unit}", check=False)
        check(f"{unit}: its filter kills, and that is seen", killed(f"control-{unit}"), (filters, journal(f"control-{unit}")))


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


set_filters()
play()
if not sys.argv[2:]:
    as_booted()
    subprocess.run("groupadd ops; gpasswd -a alice ops", shell=True, check=True, capture_output=True)
    give_key("alice")
    policy(POLICY)
    sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
    with Units():
        doors()
        upkeep()
    exposure()
check("jitd.service, or a copy: it ran", "Started" in journal("jitd.service", "host-*-jitd.service"))
for unit in UNITS:
    and_copies = unit, f"host-*-{unit}"
    check(f"{unit}: no system call was one too many", not killed(*and_copies), killed(*and_copies))
    (KEEP / f"{unit}.journal").write_text(journal(*and_copies))
finish()
