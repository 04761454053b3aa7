# SPDX-License-Identifier: Apache-2.0
"""
The end of an access ends what was opened with it, on a host without systemd: what the kernel can tell to belong to the
session is dead, and what cannot be told is named in jit-reaper(8) and here, and nothing else survives.
"""
import shlex

from harness import *
from kinds import STARTS, Kinds
from ssh_door import *
from terminals import warned

POLICY = """
rule "root" { who = {"alice"} scope = {"sudo:root"} approvers = {"bob"} max = "1h" }
rule "own" { who = {"alice"} scope = {"ssh:alice"} approvers = {"bob"} max = "1h" }
rule "bound" { who = {"carol"} scope = {"ssh:carol"} approvers = {"bob"} bind = {"ssh-key"} }
rule "once" { who = {"carol"} scope = {"sudo:root"} approvers = {"bob"} uses = 1 }
"""
# a daemon, and tmux is one, has left parent and terminal session; only the audit session of a login tells of it. Without a
# terminal sudo runs in its caller's terminal session, which is not its own
OUT_OF_REACH = {"sudo": ("clean daemon", "daemon", "tmux"), "sudo without a terminal": ("clean daemon", "daemon", "orphan", "tmux"),
                "ssh": ()}
NAMED = {"clean daemon": "a daemon, which has left its parent and its terminal session",
         "daemon": "a daemon, which has left its parent and its terminal session",
         "orphan": "where sudo runs without a terminal, whatever has lost its parent", "tmux": ".Xr tmux 1"}
WITHIN = 8  # TERM, 5 s, KILL
ASK = """
import socket, struct
reaper = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
try:
    reaper.connect("/run/jitd/reaper.sock")
    reaper.send(struct.pack("<HHH", 1, 61, 1) + b"x" + struct.pack("<IqB", 4000000, 1, 0))
    said = reaper.recv(4096)
    print("refused" if said[:5] == struct.pack("<HHB", 1, 66, 3) else said or "hung up")
except (ConnectionResetError, BrokenPipeError):
    print("hung up")
except PermissionError:
    print("not let in")
"""
_folders = iter(f"/run/kinds{number}" for number in range(1000))


def sudo_kinds(*names, user="alice", terminal=True):
    """From a shell, as people do it: sudo is not the first process of its audit and terminal session."""
    kinds = Kinds(next(_folders), *names)
    command = [AS, user, "bash", "-c", shlex.join(["sudo", "-n", *kinds.argv]) + "; true"]
    if terminal:
        command = ["script", "-qfec", shlex.join(command), "/dev/null"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    return kinds, process


def plain_sudo_kinds(*names):
    return sudo_kinds(*names, terminal=False)


def ssh_kinds(*names):
    kinds = Kinds(next(_folders), *names)
    return kinds, ssh_client("alice", "publickey", shlex.join(kinds.argv)).process


def page_names_them():
    """What lives on, and nothing else, is what the man page names."""
    page = " ".join((TOP / "reaper" / "jit-reaper.8").read_text().split())
    for name in sorted({name for names in OUT_OF_REACH.values() for name in names}):
        check(f"jit-reaper(8) names what lives on: {name}", NAMED[name] in page)


def sessions():
    listed = subprocess.run(["jitd-admin", "sessions", "--json"], capture_output=True, text=True, timeout=20, check=True)
    return json.loads(listed.stdout)


def status():
    said = subprocess.run(["jitd-admin", "status"], capture_output=True, text=True, timeout=20).stdout
    return [line.split(None, 1) for line in said.splitlines() if " " in line.strip()]


def over(name, kinds, process, but=(), within=WITHIN):
    left, seconds = kinds.all_dead(within, but)
    check(f"{name}: none lives on", not left, f"{left} after {seconds:.1f} s")
    check(f"{name}: what is out of reach is what is named", kinds.alive() == sorted(but), kinds.alive())
    check(f"{name}: the session is closed", wait_for(lambda: not sessions(), 5), sessions())
    kinds.kill()
    process.wait(10)


def each_way(door, start):
    """All kinds in one session, once for each way to end it."""
    scope = "ssh:alice" if door == "ssh" else "sudo:root"
    ways = {
        "revoked": lambda access: revoke("bob", access),
        "returned": lambda access: run("alice", "jit", "cancel", str(access)),
        "session ended": lambda access: run("root", "jitd-admin", "end", f"{access}-1"),
        "locked": lambda access: run("root", "jitd-admin", "lock", "alice"),
        "all revoked": lambda access: run("root", "jitd-admin", "revoke", "--all"),
    }
    for way, end in ways.items():
        access = grant("alice", scope, by="bob")
        names = (*STARTS, "tmux") if way == "revoked" else ("background", "setsid", "stopped")
        kinds, process = start(*names)
        missing = kinds.started()
        check(f"{door}, {way}: all kinds run", not missing, missing)
        said = end(access)
        check(f"{door}, {way}: it is told as done", said is None or said.code == 0, said)
        over(f"{door}, {way}", kinds, process, [name for name in OUT_OF_REACH[door] if name in names])
        run("root", "jitd-admin", "unlock", "alice")
        run("root", "jitd-admin", "revoke", "--all")


def expiry():
    access = grant("alice", "sudo:root", "--for", "3s", by="bob")
    kinds, process = sudo_kinds("background", "setsid", "ignores")
    check("expired: it runs", not kinds.started(), kinds.alive())
    over("expired", kinds, process, within=3 + WITHIN)
    events = [event for event in jitd.events() if event["access"] == access and event["event"] == "session-close"]
    check("expired: the event says so", events and events[-1]["text"] == "expired", events)


def used_up():
    sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "carol ALL=(ALL:ALL) NOPASSWD: ALL")
    access = grant("carol", "sudo:root", by="bob")
    kinds, process = sudo_kinds("background", user="carol")
    check("used up: it runs on", not kinds.started() and state(access) == "used-up", state(access))
    revoke("bob", access)
    over("used up, then revoked", kinds, process)
    again = run("bob", "jitd-admin", "revoke", str(access))
    check("and there is no more to revoke", again.code == 1, again)


def login_lives_on():
    """sudo's end is not its login's."""
    grant("alice", "ssh:alice", by="bob")
    access = grant("alice", "sudo:root", by="bob")
    inner = Kinds(next(_folders), "background")
    kinds = Kinds(next(_folders), "background")
    client = ssh_client("alice", "publickey", f"sudo -n {' '.join(inner.argv)} & {' '.join(kinds.argv)}")
    check("login and sudo in it run", not inner.started() and not kinds.started(), sessions())
    revoke("bob", access)
    left, _ = inner.all_dead(WITHIN)
    check("sudo revoked: it is dead", not left, left)
    check("sudo revoked: the login lives on", kinds.alive() == ["background", "command"], kinds.alive())
    access = grant("alice", "sudo:root", by="bob")
    run("root", "jitd-admin", "revoke", "--scope", "ssh:alice")
    left, _ = kinds.all_dead(WITHIN)
    check("login revoked: it is dead", not left, left)
    client.process.wait(10)
    run("root", "jitd-admin", "revoke", "--all")


def refused():
    """sshd leaves a connection up whose session was refused; it forwards nothing for long."""
    grant("carol", "ssh:carol", "--user-key", "SHA256:" + "A" * 43, by="bob")
    said = ssh_key("carol", "id")
    check("session refused: the client hears why", said.code != 0 and "key" in said.output, said)
    client = ssh_client("carol", "publickey", arguments=["-N"])
    denied = wait_for(lambda: [event for event in jitd.events() if event["phase"] == "open-session" and
                               event["verdict"] == "deny" and event["account"] == "carol"], 5)
    check("session refused: it is", denied, jitd.events())
    begun = time.monotonic()
    try:
        client.process.wait(WITHIN)
        check("session refused: the connection is over", True)
    except subprocess.TimeoutExpired:
        check("session refused: the connection is over", False, f"it lives after {time.monotonic() - begun:.1f} s")
        client.process.kill()
    grant("alice", "ssh:alice", by="bob")
    check("session refused: sshd lives on", "uid=2001" in ssh_key("alice", "id").output)
    run("root", "jitd-admin", "revoke", "--all")


def without_reaper(reaper):
    access = grant("alice", "sudo:root", by="bob")
    kinds, process = sudo_kinds("background")
    check("without a reaper: it runs", not kinds.started(), kinds.alive())
    session = f"{access}-1"
    mark = jitd.last_event()
    reaper.stop()
    revoke("bob", access)
    told = wait_for(lambda: [event for event in jitd.events(mark) if event["event"] == "not-ended"], 5)
    check("without a reaper: an event says what could not be ended, and why", len(told) == 1 and
          told[0]["session"] == session and "reaper.sock" in told[0]["text"], told)
    rows = [value for name, value in status() if name == "not-ended"]
    check("without a reaper: status names it", len(rows) == 1 and rows[0].startswith(session + ": "), status())
    check("without a reaper: it is listed as one to end", sessions()[0]["ending"] == "revoked by bob", sessions())
    check("without a reaper: it lives", kinds.alive() == ["background", "command"], kinds.alive())
    reaper.start()
    over("the reaper is back", kinds, process)
    check("the reaper is back: nothing is left to tell", not [1 for name, _ in status() if name == "not-ended"], status())


def strangers(reaper):
    """The kernel says who asks; nobody but jitd is answered, root neither."""
    for user in "root", "nobody", "alice", "jitd":
        asked = run(user, "/usr/bin/python3", "-c", ASK)
        # a question about no session: the reaper's own word for it, or nothing
        wanted = "refused" if user == "jitd" else "hung up" if user == "root" else "not let in"
        check(f"asked by {user}: {wanted}", asked.output.strip() == wanted, asked)
    os.chmod("/run/jitd/reaper.sock", 0o666)
    for user in "nobody", "alice":
        asked = run(user, "/usr/bin/python3", "-c", ASK)
        check(f"asked by {user}, whom the socket's mode lets in: hung up", asked.output.strip() == "hung up", asked)
    check("it says who it was", "uid 2001 is not jitd" in reaper.log.read_text(), reaper.log.read_text()[-500:])
    os.chmod("/run/jitd/reaper.sock", 0o600)


def restarted():
    access = grant("alice", "sudo:root", by="bob")
    kinds, process = sudo_kinds("background", "setsid")
    check("jitd restarted: it runs", not kinds.started(), kinds.alive())
    jitd.kill()
    jitd.start(fresh=False)
    check("jitd restarted: the session is there", [one["id"] for one in sessions()] == [f"{access}-1"], sessions())
    revoke("bob", access)
    over("jitd restarted, then revoked", kinds, process)
    grant("alice", "sudo:root", "--for", "3s", by="bob")
    kinds, process = sudo_kinds("background", "setsid")
    check("jitd down at the end: it runs", not kinds.started(), kinds.alive())
    jitd.kill()
    time.sleep(4)
    check("jitd down: nobody ends it", kinds.alive() == ["background", "command", "setsid"], kinds.alive())
    jitd.start(fresh=False)
    over("jitd back after the end", kinds, process)


for person in "alice", "carol":
    give_key(person)
for service in "sudo", "sshd":
    pam(service)
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
with Sshd("publickey"), Reaper() as reaper, Jitd() as jitd:
    page_names_them()
    each_way("sudo", sudo_kinds)
    each_way("sudo without a terminal", plain_sudo_kinds)
    each_way("ssh", ssh_kinds)
    expiry()
    used_up()
    login_lives_on()
    refused()
    warned()
    strangers(reaper)
    without_reaper(reaper)
    restarted()
finish()
