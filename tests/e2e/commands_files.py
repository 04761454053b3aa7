# SPDX-License-Identifier: Apache-2.0
"""
Files that decide something: jitd refuses to start on each that is unreadable, unsafe or wrong, naming it, and a reload
keeps the policy that was in force. Then: two jitd at once, and tools whose jitd hangs.
"""
import concurrent.futures

from commands_tool import *

RULES = "/etc/jitd/policy.d/10-e2e.conf"
STATE = "/var/lib/jitd"
DATABASE = f"{STATE}/jitd.db"
SAVED = "/root/saved"
FOLDERS = ("/etc/jitd", STATE)


def shell(text):
    subprocess.run(["bash", "-euc", text], check=True)


def save():
    for folder in FOLDERS:
        shell(f"mkdir -p {SAVED}{os.path.dirname(folder)}; cp -a {folder} {SAVED}{folder}")


def restore():
    for folder in FOLDERS:
        shell(f"rm -rf {folder}; cp -a {SAVED}{folder} {folder}")


def key():
    return str(next(pathlib.Path(f"{STATE}/keys").glob("*.pem")))


# ---- jitd does not start ----


def start(*arguments):
    """A jitd that shall end by itself."""
    try:
        return subprocess.run(["jitd", *arguments], capture_output=True, text=True, timeout=10,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(late.cmd, "still running", str(late.stdout), str(late.stderr))


def no_start(name, names, says, *arguments):
    """Exit 1, and the last but summing-up line names the file and says what is wrong with it."""
    said = start(*arguments)
    lines = said.stderr.splitlines()
    good = said.returncode == 1 and not said.stdout and all(line.startswith("jitd: ") and line.isprintable()
                                                            for line in lines)
    check(f"jitd does not start: {name}", good and any(names in line and re.search(says, line) for line in lines)
          and len(lines) <= 2, said)


def unsafe(what, path, directory=False):
    """Owner, mode and symlink of something, each by itself."""
    lets_in = "lets others in|must be 0700" if directory else "lets others in"
    for name, change, says in (
            ("somebody else's", f"chown alice {path}", "owned by uid 2001|Permission denied"),
            ("writable by others", f"chmod 0777 {path}", lets_in),
            ("a symbolic link", f"mv {path} /root/moved; ln -s /root/moved {path}", "symbolic link"),
    ):
        shell(change)
        no_start(f"{what}: {name}", path, says)
        restore()
        shell("rm -rf /root/moved")


def try_unsafe():
    unsafe("jitd.conf", CONFIG)
    unsafe("policy.d", "/etc/jitd/policy.d", directory=True)
    unsafe("a policy file", RULES)
    for what, path in ("policy.d", "/etc/jitd/policy.d"), ("a policy file", RULES):
        shell(f"chown jitd {path}")
        no_start(f"{what}: jitd's own", path, "owned by uid")
        restore()
    unsafe("the state directory", STATE, directory=True)
    unsafe("the keys' directory", f"{STATE}/keys", directory=True)
    unsafe("a key", key())
    unsafe("the database", DATABASE)
    unsafe("the lock", f"{STATE}/lock")


def try_unreadable():
    for what, path in ("a policy file", RULES), ("policy.d", "/etc/jitd/policy.d"):
        shell(f"chown root:root {path}; chmod 0700 {path}")
        no_start(f"{what}: readable for root alone", path, "Permission denied")
        restore()
    for what, path, owner in ("jitd.conf", CONFIG, "root"), ("a policy file", RULES, "jitd"), ("a key", key(),
                                                                                               "jitd"), ("the database",
                                                                                                         DATABASE,
                                                                                                         "jitd"):
        shell(f"rm {path}; mkdir {path}")
        no_start(f"{what}: a directory", path, "not a regular file")
        restore()
        shell(f"rm {path}; mkfifo -m 600 {path}; chown {owner} {path}")
        no_start(f"{what}: a pipe", path, "not a regular file")
        restore()
    no_start("--config: there is none", "/etc/jitd/none.conf", "No such file", "--config", "/etc/jitd/none.conf")
    shell("rm -r /etc/jitd/policy.d")
    no_start("policy.d: there is none", "/etc/jitd/policy.d", "No such file")
    restore()


SETTINGS_ERRORS = (
    ("an unknown key", 'frobnicate = "1"\n', "1: frobnicate: "),
    ("a key twice", 'host-id = "a"\nhost-id = "b"\n', "2: host-id: "),
    ("a key that only resembles one", 'max_grant = "1h"\n', "1: max_grant: "),
    ("a value of another kind", "max-grant = 12\n", "1: max-grant: "),
    ("a duration over the cap", 'max-grant = "13h"\n', "1: max-grant: "),
    ("root as its user", 'user = "root"\n', "1: user: |root"),
    ("sudo as exempt", 'exempt = {"sudo"}\n', "1: exempt: "),
    ("a list without braces", 'admins = "adam"\n', "1: admins: "),
    ("a substitution", 'host-id = "${HOME}"\n', "1: "),
    ("an end that is missing", 'admins = {"adam"', "1: |2: "),
    ("nonsense", "\x01\x02", "1: "),
    ("a NUL byte", 'admins = {}\0\n', "NUL"),
)
RULES_ERRORS = (
    ("an unknown key", 'rule "a" {\n  frobnicate = 1\n}\n', "2: frobnicate: "),
    ("a key twice", 'rule "a" {\n  who = {"a"}\n  who = {"b"}\n}\n', "3: who: "),
    ("a scope that is none", 'rule "a" {\n  who = {"alice"}\n  scope = {"root"}\n  approvers = {"bob"}\n}\n',
     "3: scope: "),
    ("a max over the cap", 'rule "a" {\n  who = {"alice"}\n  scope = {"sudo:root"}\n  approvers = {"bob"}\n  max = "13h"\n}\n', "5: max: "),
    ("a duration that is none", 'rule "a" {\n  who = {"alice"}\n  scope = {"sudo:root"}\n  approvers = {"bob"}\n  max = "soon"\n}\n', "5: max: "),
    ("nobody who approves", 'rule "a" {\n  who = {"alice"}\n  scope = {"sudo:root"}\n}\n', "1: approvers: |approvers"),
    ("oneself alone", 'rule "a" {\n  who = {"alice"}\n  scope = {"sudo:root"}\n  approvers = {"alice"}\n}\n',
     "1: approvers: "),
    ("an approver's account", 'rule "a" {\n  who = {"alice"}\n  scope = {"sudo:bob"}\n  approvers = {"bob"}\n}\n',
     '1: scope: .*"bob"'),
    ("a rule twice", 'rule "a" {\n  who = {"alice"}\n  scope = {"su:bin"}\n  approvers = {"bob"}\n}\n' * 2, '6: '),
    ("a rule that does not end", 'rule "a" {\n', "[12]: "),
)


def try_wrong():
    for name, text, says in SETTINGS_ERRORS:
        pathlib.Path(CONFIG).write_text(text)
        no_start(f"jitd.conf: {name}", CONFIG, says)
    pathlib.Path(CONFIG).write_text("#" * ((1 << 20) + 1))
    no_start("jitd.conf: more than 1 MiB", CONFIG, "at most")
    restore()
    for name, text, says in RULES_ERRORS:
        pathlib.Path(RULES).write_text(text)
        no_start(f"a policy file: {name}", f"{RULES}:", says)
    restore()
    for name, change, path, says in (
            ("a key that is none", f"echo nonsense >{key()}", key(), "key"),
            ("a key by another name", f"mv {key()} {STATE}/keys/other.pem", f"{STATE}/keys/other.pem", "move it away"),
            ("a database that is none", f"rm -f {DATABASE}-*; head -c 8192 /dev/urandom >{DATABASE}", DATABASE,
             "not a database"),
            ("a database of a newer jitd", f"""rm -f {DATABASE}-*; printf '\\0\\0\\0\\143' |
             dd of={DATABASE} bs=1 seek=60 conv=notrunc status=none""", DATABASE, "newer"),
    ):
        shell(change)
        no_start(name, path, says)
        restore()


# ---- policy check, reload, SIGHUP ----


def try_policy_check():
    done("policy check: what is installed", tool("root", "jitd-admin", "policy", "check"), "^4 rules, no error\n$")
    for name, text, says in RULES_ERRORS:
        pathlib.Path(RULES).write_text(text)
        said = tool("carol", "jitd-admin", "policy", "check")
        check(f"policy check: {name}: file, line and key", said.code == 1 and re.search(f"(?m)^{RULES}:({says})",
                                                                                        said.out)
              and re.search(r"\n\d+ errors?\n$", said.out), said)
    restore()
    shell("rm -rf /home/carol/rules; install -d -o carol /home/carol/rules")
    said = tool("carol", "jitd-admin", "policy", "check", "/home/carol/rules")
    check("policy check: no rule at all is a warning", said.code == 0 and "warning: " in said.out
          and "0 rules, no error" in said.out, said)
    shell(f"install -o carol -m 644 {RULES} /home/carol/rules")
    done("policy check DIR: a draft of one's own", tool("carol", "jitd-admin", "policy", "check", "/home/carol/rules"),
         "^4 rules, no error\n$")
    said = tool("root", "jitd-admin", "policy", "check", "/home/carol/rules")
    check("policy check DIR: somebody else's is refused", said.code == 1 and one_line(said,
                                                                                      "jitd-admin: /home/carol/rules: owned by uid 2003"), said)
    said = tool("carol", "jitd-admin", "policy", "check", "/none")
    check("policy check DIR: there is none", said.code == 1 and one_line(said, "jitd-admin: /none: No such file"), said)


EXPECTATIONS = """
expect "alice gets root" { user = "alice"  scope = "sudo:root"  rule = "web"  approvals = 1 }
expect "bob does not"    { user = "bob"  groups = {}  scope = "sudo:root"  effect = "deny" }
"""


def try_policy_explain():
    """By anybody, without jitd; the digest tells whether jitd has these very files in force."""
    explain = "jitd-admin", "policy", "explain", "--user", "alice", "--scope"
    said = tool("carol", *explain, "sudo:root")
    done("policy explain: what is installed", said, '\nallow by rule "web"\n')
    digest = json.loads(subprocess.run(["jitd-admin", "status", "--json"], capture_output=True, text=True).stdout)["policy"]
    check("policy explain: its digest is that of status", f"\n/etc/jitd/policy.d, sha256 {digest}\n" in said.out, said)
    said = tool("carol", *explain, "su:bin", "--json")
    check("policy explain: a rule that denies", said.code == 1 and said.json and said.json["rule"] == "no", said)
    said = tool("carol", *explain, "su:root", "--policy", "/home/carol/rules")
    check("policy explain: a draft of one's own", said.code == 0 and said.out.count("/home/carol/rules/") == 2, said)
    tests = pathlib.Path("/home/carol/tests.conf")
    tests.write_text(EXPECTATIONS)
    done("policy test: all as expected", tool("carol", "jitd-admin", "policy", "test", str(tests)),
         "^2 expectations, 0 failed\n$")
    tests.write_text(EXPECTATIONS.replace("approvals = 1", "approvals = 2"))
    said = tool("carol", "jitd-admin", "policy", "test", str(tests))
    check("policy test: what is not", said.code == 1 and said.out.startswith(
        f'{tests}:2: expect "alice gets root"\n  - approvals = 2\n  + approvals = 1\n'), said)


def rules():
    return json.loads(subprocess.run(["jitd-admin", "status", "--json"], capture_output=True,
                                     text=True).stdout)["rules"]


def try_reload(jitd):
    for name, text, says in RULES_ERRORS:
        pathlib.Path("/etc/jitd/policy.d/20-new.conf").write_text(text)
        refused(jitd, f"policy reload: {name}", "adam", "jitd-admin", "policy", "reload",
                says=f"^jitd-admin: the old policy stays: /etc/jitd/policy.d/20-new.conf:({says})",
                reason="policy", event="policy")
    number = request("alice", "sudo:root")
    check("a request by the old policy", state(number) == "pending")
    jitd.process.send_signal(signal.SIGHUP)
    event = wait_for(lambda: [e for e in jitd.events() if (e["event"], e["verdict"], e["actor"]) == (
        "policy", "deny", None)], 5)
    check("SIGHUP: a bad file, an event that names it", event and "/etc/jitd/policy.d/20-new.conf:" in event[0]["text"],
          event)
    check("SIGHUP: the log says so", "20-new.conf" in jitd.log.read_text().splitlines()[-1],
          jitd.log.read_text()[-500:])
    check("SIGHUP: the old policy stays", rules() == 4, rules())
    pathlib.Path("/etc/jitd/policy.d/20-new.conf").write_text('rule "new" { who = {"carol"}  scope = {"su:bin"}  approvers = {"bob"} }\n')
    jitd.process.send_signal(signal.SIGHUP)
    check("SIGHUP: a good file is in force", wait_for(lambda: rules() == 5, 5), rules())
    os.unlink("/etc/jitd/policy.d/20-new.conf")
    done("policy reload", tool("adam", "jitd-admin", "policy", "reload"), "^policy in force: 4 rules\n$")
    shell(f"mv {RULES} /root/rules; ln -s /root/rules {RULES}")
    refused(jitd, "policy reload: a symbolic link", "adam", "jitd-admin", "policy", "reload",
            says=f"the old policy stays: {RULES}: is a symbolic link", reason="policy", event="policy")
    shell(f"rm {RULES}; mv /root/rules {RULES}; chmod 666 {RULES}")
    refused(jitd, "policy reload: writable by others", "adam", "jitd-admin", "policy", "reload",
            says=f"the old policy stays: {RULES}: mode 0666 lets others in", reason="policy", event="policy")
    shell(f"chmod 644 {RULES}")


# ---- two at once, and one that hangs ----


def try_two(jitd):
    before = known()
    no_start("another jitd runs", f"{STATE}/lock", "jitd")
    shell("install -d /run/other; printf 'socket-dir = \"/run/other\"\n' >/etc/jitd/other.conf")
    no_start("another jitd runs, by other sockets", f"{STATE}/lock", "jitd", "--config", "/etc/jitd/other.conf")
    shell("install -d -m 700 -o jitd -g jitd /var/lib/other; printf 'state-dir = \"/var/lib/other\"\n' >/etc/jitd/other.conf")
    no_start("another jitd serves these sockets", "/run/jitd/", "somebody serves it already", "--config",
             "/etc/jitd/other.conf")
    check("the first goes on, and nothing changed", known() == before and jitd.process.poll() is None)


HUNG = (
    ("alice", "jit", "request", "sudo:root", "--reason", "x"), ("alice", "jit", "list"), ("alice", "jit", "show", "1"),
    ("alice", "jit", "wait", "1"), ("alice", "jit", "cancel", "1"), ("bob", "jitd-admin", "pending"),
    ("bob", "jitd-admin", "pending", "--wait"), ("bob", "jitd-admin", "approve", "1"),
        ("bob", "jitd-admin", "deny", "1"),
    ("root", "jitd-admin", "list"), ("root", "jitd-admin", "show", "1"), ("root", "jitd-admin", "revoke", "1"),
    ("root", "jitd-admin", "lock", "alice"), ("root", "jitd-admin", "unlock", "alice"),
        ("root", "jitd-admin", "sessions"),
    ("root", "jitd-admin", "policy", "reload"), ("root", "jitd-admin", "audit", "list"),
        ("root", "jitd-admin", "status"),
    ("root", "jitd-admin", "status", "--ready"),
)


def try_hung(jitd):
    before = known()
    jitd.hang()
    attempts = [(command, begin(*command)) for command in HUNG]
    with concurrent.futures.ThreadPoolExecutor(len(attempts)) as pool:
        list(pool.map(lambda attempt: end(attempt[1]), attempts))
    for command, said in attempts:
        check(f"jitd hangs: {' '.join(command[1:])}", said.code == 3 and said.seconds < 11 and one_line(said,
                                                                                                        f"{command[1]}: jitd not reachable: no answer within 10 s; is it running?"), said)
    jitd.go_on()
    check("when it goes on, nothing of what was given up happens", known() == before, known())


SERVER = """
import contextlib, os, socket
os.chdir("/home/alice")
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.bind("jitd.sock")
server.listen()
os.chmod(".", 0o755)
os.chmod("jitd.sock", 0o666)
print("here", flush=True)
while True:
    client, _ = server.accept()
    with contextlib.suppress(BrokenPipeError):  # who does not believe us does not listen
        client.send(os.urandom(64))
"""


def try_impostor():
    """A socket that somebody else serves is not believed, whatever it answers."""
    server = subprocess.Popen([AS, "alice", "/usr/bin/python3", "-c", SERVER], stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    for user, says in ("bob", "uid 2001"), ("root", "uid 2001"), ("alice", "jitd"):
        said = tool(user, "jitd-admin", "lock", "alice", "--socket", "/home/alice/jitd.sock")
        check(f"a socket that alice serves, used by {user}",
              said.code == 3 and one_line(said, "jitd-admin: jitd not reachable: ")
              and says in said.err and said.seconds < 5, said)
    server.kill()
    server.wait()


prepare()
try_impostor()
with Jitd() as daemon:
    request("alice", "sudo:root")
    accesses = known()
save()
try_unsafe()
try_unreadable()
try_wrong()
try_policy_check()
daemon.start(fresh=False)
check("after all of this jitd starts, and knows what it knew", known() == accesses, known())
try_policy_explain()
try_reload(daemon)
try_two(daemon)
try_hung(daemon)
daemon.stop()
finish()
