# SPDX-License-Identifier: Apache-2.0
"""
What was typed is nowhere afterwards: not in the process that asked for it, not in jitd or a dump of it, not in a log,
the audit or the database. Each kind of search is shown to find such a text where there is one.

sshd's monitor is not ours: it passes what is typed on to the child that asks PAM, and frees its copy unwiped, whatever
the module is. The story tells what it finds there, and holds nobody to it: the token is burned by then.
"""
import base64
import contextlib

from harness import *
from login_door import PASSWORD as ASKS_PASSWORD, SHELL, TOKEN
from ssh_door import *
from stops import Stop, stopping

POLICY = """
rule "typed" {
  who = {"alice"}
  scope = {"ssh:alice", "sudo:root", "su:root", "login:alice"}
  approvers = {"carol"}
  present = "typed"
}
rule "held" { who = {"carol"} scope = {"sudo:root"} approvers = {"bob"} }
"""
SCOPES = ("ssh:alice", "sudo:root", "su:root", "login:alice")
KBDINT, PASSWORD = 2501, 2502
LONG_PASSWORD = "Kx7wQ2-" + "pf8Rz" * 72  # bob's: as long as a token
STATE = pathlib.Path("/var/lib/jitd")
WAIT = 'echo o""pened; read line'

# ---- what is looked for ----


def pieces(secret):
    """Of a token: all of it, its signature as text and as bytes, 40 characters of its middle; of a code: each way to
    write it; of anything else: all of it, and its end."""
    if secret.count(".") == 2:
        signature, middle = secret.rsplit(".", 1)[1], len(secret) // 2
        return {"token": secret.encode(), "signature": signature.encode(), "part of it": signature[20:60].encode(),
                "its bytes": base64.urlsafe_b64decode(signature + "=="), "middle": secret[middle - 20:middle + 20].encode()}
    plain = secret.replace("-", "")
    if len(secret) == 11:
        return {text: text.encode() for text in (secret, plain, secret.lower(), plain.lower())}
    return {"all": secret.encode(), "end": secret[-100:].encode()}


def found_in(data, *secrets):
    return {name: times for secret in secrets for name, piece in pieces(secret).items() if (times := data.count(piece))}


def memory(pid):
    """All that can be read of a process: what a core dump of it would have, and more."""
    data = bytearray()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[vvar" in line or "[vsyscall" in line:
                continue
            start, end = (int(number, 16) for number in span.split("-"))
            with contextlib.suppress(OSError):
                mem.seek(start)
                while start < end and (part := mem.read(end - start)):
                    data += part
                    start += len(part)
    return bytes(data)


def family(pid):
    """The process and all below it."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [pid] + [one for child in file.read().split() for one in family(int(child))]


def named(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()


def look(pids, *secrets):
    return {f"{pid} {named(pid)}": found for pid in pids if (found := found_in(memory(pid), *secrets))}


def nowhere(name, pids, *secrets):
    what = ", ".join(f"'{named(pid)[:40]}'" for pid in pids)
    found = look(pids, *secrets)
    return check(f"{name}: 0 times in {what}", pids and not found, found)


def somewhere(name, pids, secret):
    check(f"{name}: there it is found", look(pids, secret), pids)


# ---- the doors ----


def fresh(scope, *kind):
    made = run("alice", "jit", "token", str(accesses[scope]), *kind)
    if made.code != 0:
        raise SystemExit(f"jit token: {made}")
    secret = made.output.strip()
    # it wipes what it has sent: an answer to somebody else says that it did
    run("root", "jitd-admin", "status", "--ready")
    nowhere(f"{scope}, {'code' if kind else 'token'} handed out", [jitd.process.pid], secret)
    typed.append(secret)
    return secret


def stack(service, module=None):
    """Ours, with a stop right below our auth line; or with another module in our place."""
    text = (TOP / "packaging" / "pam" / service).read_text()
    if module:
        text = text.replace("pam_jit.so", module + ".so")
    pam(service, stopping(text, "auth", module or "pam_jit"))


def told_of_sshd(name, priv, secret):
    found = [found_in(memory(pid), secret) for pid in family(priv) if named(pid).startswith("sshd")]
    print(f"# {name}: in sshd's monitor and the user's sshd afterwards, not ours: {found}")


def by_ssh(name, user, methods, port, secret):
    """To the stop, and on, to a shell that waits. Gives the process that asked, the story's next step, and the end."""
    stop = Stop("127.5.0.1")
    client = ssh_client(user, methods, WAIT, answer=secret, port=port, source="127.5.0.1")
    hook = stop.reached()
    yield hook
    stop.go_on()
    opened = client.process.stdout.readline()
    yield client.arrived()
    check(f"{name}: it was good", opened == "opened\n", opened + client.kill().output)


def sshd():
    stack("sshd")
    for name, kind in ("a token", []), ("a code", ["--code"]):
        secret = fresh("ssh:alice", *kind)
        steps = by_ssh(f"sshd, {name}", "alice", "keyboard-interactive", KBDINT, secret)
        nowhere(f"sshd, {name}, after auth", [next(steps), jitd.process.pid], secret)
        told_of_sshd(f"sshd, {name}", next(steps), secret)
        next(steps, None)
    secret = fresh("ssh:alice")
    steps = by_ssh("sshd, password method", "alice", "password", PASSWORD, secret)
    somewhere("sshd, password method, while sshd still has it", [next(steps)], secret)
    nowhere("sshd, password method, in the session", [next(steps)], secret)
    next(steps, None)
    stack("sshd", "pam_unix")
    steps = by_ssh("sshd, pam_unix in its place", "bob", "keyboard-interactive", KBDINT, LONG_PASSWORD)
    somewhere("sshd, pam_unix in its place, after auth", [next(steps)], LONG_PASSWORD)
    told_of_sshd("sshd, pam_unix in its place", next(steps), LONG_PASSWORD)
    next(steps, None)


def on_terminal(name, user, argv, answers, secret, opened="opened", after=None):
    """At the stop the process that asked is searched, and, once the shell waits, all processes of the door."""
    stop = Stop()
    found = {}

    def at_stop():
        hook = stop.reached()
        found["hook"] = hook
        (after or nowhere)(f"{name}, after auth", [hook], secret)
        stop.go_on()

    def in_shell(child):
        nowhere(f"{name}, while it waits", family(child.pid) + [jitd.process.pid], secret)
        child.sendline("exit")
    watcher = threading.Thread(target=at_stop)
    watcher.start()
    attempt = run_pty(user, *argv, answers=answers + [(opened, in_shell)], hangs_up=argv[0] == "login")
    watcher.join()
    check(f"{name}: it was good", attempt.code == 0, attempt)


def terminals():
    for name, kind in ("a token", []), ("a code", ["--code"]):
        for service, argv, scope in (("sudo", ("sudo", "-k", "sh", "-c", WAIT), "sudo:root"),
                                     ("su", ("su", "-c", WAIT), "su:root")):
            stack(service)
            secret = fresh(scope, *kind)
            on_terminal(f"{service}, {name}", "alice", argv, [(TOKEN, secret)], secret)
        stack("login")
        secret = fresh("login:alice", *kind)
        on_terminal(f"login, {name}", "root", ("login", "alice"), [(TOKEN, secret), (ASKS_PASSWORD, "pw-alice")], secret,
                    opened=SHELL)
    stack("sudo", "pam_unix")
    on_terminal("sudo, pam_unix in its place", "bob", ("sudo", "-k", "sh", "-c", WAIT), [("password for bob: ", LONG_PASSWORD)],
                LONG_PASSWORD, after=somewhere)


# ---- jitd, and what it wrote ----


def private_half(kid):
    """As it stands in the file, and the number itself: 32 bytes of the PKCS #8 structure."""
    pem = (STATE / "keys" / f"{kid}.pem").read_text()
    return pem.splitlines()[2].encode(), base64.b64decode("".join(pem.splitlines()[1:-1]))[36:68]


def private_keys(pid):
    """The key that signs is in jitd's memory, and no other: not the next one, and not the one before it any more."""
    def kids():
        listed = json.loads(run("root", "jitd-admin", "keys", "list", "--json").output)
        return {key["state"]: key["kid"] for key in listed}
    run("root", "jitd-admin", "keys", "rotate")
    halves = {state: private_half(kid) for state, kid in kids().items() if state != "gone"}
    grant("carol", "sudo:root", by="bob")  # signed by the key that is current now
    there = memory(pid)
    check("where its signing key is found", halves["current"][0] in there)
    check("the next and the retiring one are not", set(halves) == {"current", "next", "retiring"} and not any(
        half in there for state in ("next", "retiring") for half in halves[state]),
        {state: [there.count(half) for half in halves[state]] for state in halves})


def in_jitd():
    pid = jitd.process.pid
    nowhere("all of them", [pid], *typed)
    dump = KEEP / "canary.core"
    dump.write_bytes(memory(pid))
    check("0 times in a dump of jitd", not found_in(dump.read_bytes(), *typed))
    dump.unlink()
    private_keys(pid)
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    check("of itself it leaves no core", re.search(r"Max core file size +0 +0 ", limits), limits)


def in_files():
    """Every file that anything here wrote, the database and its journal first."""
    folders = [STATE, pathlib.Path("/var/log"), pathlib.Path("/run"), pathlib.Path("/tmp"), pathlib.Path("/home"), KEEP]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    found = {str(path): found for path in files if (found := found_in(path.read_bytes(), *typed))}
    check(f"0 times in {len(files)} files", not found, found)
    read = {path.name for path in files}
    check("the database, its journal, syslog and jitd's log are among them",
          {"jitd.db", "jitd.db-wal", "e2e.syslog", jitd.log.name} <= read, read)
    audit = run("root", "jitd-admin", "audit", "list", "--json").output + run("root", "jitd-admin", "list", "--all", "--json").output
    check("0 times in the audit and the listing", not found_in(audit.encode(), *typed))
    jtis = [json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["jti"] for token in typed if "." in token]
    check("where the ids of these tokens are found, as in jitd's log", all(jti in audit and jti in jitd.log.read_text()
                                                                            for jti in jtis) and len(jtis) == 5, jtis)
    import sqlite3
    with contextlib.closing(sqlite3.connect(STATE / "jitd.db", timeout=10)) as database:
        held = database.execute("SELECT held FROM token WHERE held IS NOT NULL").fetchone()[0]
    there = {path.name for path in STATE.iterdir() if path.is_file() and found_in(path.read_bytes(), held)}
    check("and a token that jitd holds is found in the database", there & {"jitd.db", "jitd.db-wal"}, there)


def everywhere():
    pids = [int(path.name) for path in pathlib.Path("/proc").iterdir() if path.name.isdigit() and int(path.name) != os.getpid()]
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError):  # gone meanwhile
            found |= look([pid], *typed)
    check(f"0 times in every process that is left, {len(pids)}", len(pids) > 3 and not found, found)


policy(POLICY)
sudoers("alice ALL=(ALL:ALL) ALL", "bob ALL=(ALL:ALL) ALL")
subprocess.run(["chpasswd", "-c", "SHA512"], input=f"bob:{LONG_PASSWORD}\n", text=True, check=True)
typed = []
with Sshd("keyboard-interactive", KBDINT), Sshd("password", PASSWORD), Jitd() as jitd:
    accesses = {scope: grant("alice", scope, by="carol") for scope in SCOPES}
    sshd()
    terminals()
    grant("carol", "sudo:root", by="bob")
    in_jitd()
    in_files()
    everywhere()
finish()
