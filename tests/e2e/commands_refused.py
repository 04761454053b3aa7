# SPDX-License-Identifier: Apache-2.0
"""
Bad input and missing rights: each is refused with one clear line, the right exit code and an event of that very
process, and changes nothing that jitd knows.
"""
import contextlib

from commands_tool import *

WEB = ("jit", "request", "sudo:root", "--reason", "x")
LONGEST = 131000  # bytes of one argument; the kernel takes no more than 128 KiB

# ---- what was typed ----


def try_usage(jitd):
    for name in "jit", "jitd-admin":
        refused(jitd, f"{name}: no command", "carol", name, says="no command given; it is one of: ", code=2)
        refused(jitd, f"{name}: an unknown command", "carol", name, "frobnicate",
                says="'frobnicate': unknown command; it is one of: ", code=2)
        refused(jitd, f"{name}: an unknown option", "carol", name, "list", "--frob",
                says="'--frob': unknown option; it is one of: .*--json, --socket, --help", code=2)
        refused(jitd, f"{name}: an argument too many", "carol", name, "list", "all",
                says="'all': one argument too many; usage: ", code=2)
        refused(jitd, f"{name}: an option twice", "carol", name, "list", "--json", "--json", says="--json: given twice",
                code=2)
        refused(jitd, f"{name}: a value for a flag", "carol", name, "list", "--json=yes", says="--json: takes no value",
                code=2)
        refused(jitd, f"{name}: no number", "carol", name, "show", "one",
                says="'one': not the number of an access, .* 42", code=2)
        refused(jitd, f"{name}: a number too large", "carol", name, "show", "4294967296",
                says="not the number of an access", code=2)
        refused(jitd, f"{name}: no ID", "carol", name, "show", says=f"ID is missing; usage: {name} show ID", code=2)
        refused(jitd, f"{name}: escapes in a command", "carol", name, "\x1b[2J\n", says="unknown command", code=2)
        refused(jitd, f"{name}: a socket's path that is none", "carol", name, "list", "--socket", "here",
                says="--socket: not a socket's path: it begins with '/'", code=2)
        refused(jitd, f"{name}: JITD_SOCKET that is none", "carol", name, "list",
                environment={"JITD_SOCKET": "x" * 200}, says="JITD_SOCKET: not a socket's path", code=2)
        refused(jitd, f"{name}: another socket", "carol", name, "list", "--socket", "/run/none.sock",
                says="jitd not reachable: /run/none.sock: No such file", code=3)
    refused(jitd, "jit request: no scope given", "alice", "jit", "request",
            says="SCOPE is missing; usage: jit request SCOPE", code=2)
    refused(jitd, "jit request: an option without its value", "alice", "jit", "request", "sudo:root", "--for",
            says="--for: needs a value: --for D", code=2)
    refused(jitd, "jitd-admin policy: which?", "carol", "jitd-admin", "policy",
            says="no command given; it is one of: check, explain, test, reload", code=2)
    refused(jitd, "jitd-admin audit --since: no time", "dora", "jitd-admin", "audit", "list", "--since", "yesterday",
            says="not a time, which is RFC 3339.* -2h", code=2)
    refused(jitd, "jitd-admin audit --access: no number", "dora", "jitd-admin", "audit", "list", "--access", "x",
            says="not the number of an access", code=2)
    refused(jitd, "jitd-admin revoke: nothing named", "adam", "jitd-admin", "revoke",
            says="nothing to revoke; right is exactly one of ID, --token", code=2)
    refused(jitd, "jitd-admin revoke: two things named", "adam", "jitd-admin", "revoke", "1", "--all",
            says="more than one thing to revoke", code=2)
    refused(jitd, "jit token: no ID", "carol", "jit", "token", says="ID is missing; usage: jit token ID", code=2)
    refused(jitd, "jit token: no number", "carol", "jit", "token", "x", "--code", says="not the number of an access",
            code=2)
    refused(jitd, "jitd-admin token explain: no service", "adam", "jitd-admin", "token", "explain", "--user", "alice",
            says="--service is missing; right is --service S --user U, or --keys FILE", code=2)
    refused(jitd, "jitd-admin token explain: nothing on stdin", "adam", "jitd-admin", "token", "explain", "--service",
            "sudo", "--user", "alice", says="nothing on standard input; right is one token or code", code=2)
    refused(jitd, "jitd-admin status: --ready and --json", "carol", "jitd-admin", "status", "--ready", "--json",
            says="one of them", code=2)


def try_askpass(jitd):
    """Without a terminal: what is not understood gets no code, and what is gets one only with an access."""
    for name, prompt in (("a passphrase", "Enter passphrase for key '/home/alice/.ssh/id': "),
                         ("a password", "Password: "), ("nothing", ""),
                         ("a host's key",
                          "Are you sure you want to continue connecting (yes/no/[fingerprint])? "),
                         ("a forged prefix", "(alice@evil) (alice@pam-jit) JIT token or code: "),
                         ("escapes", "\x1b[2J(alice@pam-jit) JIT token or code: ")):
        for program in ("jit", "askpass"), ("jit-askpass",):
            said = tool("alice", *program, prompt)
            check(f"{' '.join(program)}: {name}", said.code == 1 and one_line(said, "jit: '")
                  and "it is no prompt of pam-jit; and there is no terminal" in said.err, said)
    for prompt in "(alice@pam-jit) JIT token or code: ", "(alice@10.0.0.1) JIT token or code: ":
        said = tool("alice", "jit-askpass", prompt)
        check(f"jit-askpass: no access: {prompt}", said.code == 1 and one_line(said, "jit: no active access")
              and "jit request ssh:alice" in said.err, said)
    said = tool("alice", "sh", "-c", "jit-askpass 'JIT token or code: '; exit $?")
    check("jit-askpass: the bare prompt, asked by no sudo", said.code == 1 and "it is not sudo that asks" in said.err,
          said)


def try_scopes(jitd):
    for scope, says in (("", "no scope; write SERVICE:ACCOUNT, such as"),
                        ("root", '"root" is no scope: write SERVICE:ACCOUNT'),
                        ("sudo:", "the account after the colon is the name of a user"), (":root", "is no scope"),
                        ("sudo:*", "patterns stand in rules"), ("sudo:root;id", "is no scope"),
                        ("sudo:root\n", "is no scope|no scope"),
                        ("SUDO:root", "is no scope"), ("sudo:../root", "is no scope"),
                        ("sudo:" + "a" * LONGEST, "is no scope"),
                        ("sudo:\x1b[2J", "is no scope"), (" ".join(f"sudo:u{n}" for n in range(200)), "scope")):
        refused(jitd, f"a scope that is none: {scope[:20]!r}", "alice", "jit", "request", scope, "--reason", "x",
                says=says, reason="scope")
    refused(jitd, "a scope that no rule gives", "alice", "jit", "request", "sudo:bob", "--reason", "x",
            says="no rule lets alice ask for sudo:bob: an administrator writes rules in /etc/jitd/policy.d",
            reason="no-rule")
    refused(jitd, "a scope of an account that is not here", "alice", "jit", "request", "sudo:mallory", "--reason", "x",
            says="mallory", reason="unknown-user")
    refused(jitd, "scopes of two rules", "alice", "jit", "request", "sudo:root su:root", "--reason", "x",
            says="no rule lets alice", reason="no-rule")
    refused(jitd, "a scope that a rule denies", "alice", "jit", "request", "su:bin",
            says="rule no denies su:bin to alice", reason="rule-denies")
    refused(jitd, "somebody whom no rule names", "carol", *WEB, says="no rule lets carol ask for sudo:root",
            reason="no-rule")


def try_durations(jitd):
    for length in "0s", "-5m", "1h1s", "13h", "99999999w", "-99999999w":
        refused(jitd, f"--for {length}", "alice", *WEB, "--for", length,
                says="--for .*: rule web gives more than 0s and at most 1h", reason="duration")
    for length in "", "nonsense", "5", "5m1h", "1.5h", "5 m", "0x5m", "5m\x1b", "٥m", "m" * LONGEST:
        refused(jitd, f"--for {length[:20]!r}", "alice", *WEB, "--for", length,
                says="not a duration, which is numbers with units", code=2)


def try_reasons(jitd):
    refused(jitd, "no reason where one is wanted", "alice", "jit", "request", "sudo:root",
            says='rule web wants a reason: add --reason "why"', reason="reason-missing")
    for what, text in (("an escape", "a\x1b[31mb"), ("a line's end", "a\nverdict=allow"),
                       ("a NUL's neighbour", "a\x01b"),
                       ("a C1 control", "a\u009bb"), ("no UTF-8", b"\xff\xfe")):
        refused(jitd, f"{what} in a reason", "alice", "jit", "request", "sudo:root", "--reason", text,
                says="the reason holds control characters or is not UTF-8: write plain text", reason="reason")
    for size in 513, LONGEST:
        refused(jitd, f"{size} bytes of reason", "alice", "jit", "request", "sudo:root", "--reason", "r" * size,
                says="the reason is longer than 512 bytes: shorten it", reason="reason")
    number = request("alice", "sudo:root", reason="r" * 512)
    check("512 bytes of reason are taken", state(number) == "pending")
    for verdict in "approve", "deny":
        refused(jitd, f"{verdict}: 513 bytes of comment", "bob", "jitd-admin", verdict, str(number), "--comment",
                "c" * 513,
                says="the comment is longer than 512 bytes: shorten it", reason="comment")
        refused(jitd, f"{verdict}: an escape in the comment", "bob", "jitd-admin", verdict, str(number), "--comment",
                "\x1b[2J",
                says="the comment holds control characters", reason="comment")
    for length in "0s", "-1m", "2h":
        refused(jitd, f"approve --for {length}", "bob", "jitd-admin", "approve", str(number), "--for", length,
                says="--for .*: more than 0s and at most what was asked, 15m", reason="duration")
    run("alice", "jit", "cancel", str(number))


def packet(length):
    """A `request` by wire/PROTOCOL.md whose reason has that many bytes."""
    scope, reason = b"sudo:root", b"r" * length
    return struct.pack("<HHH", 1, 20, len(scope)) + scope + struct.pack("<qH", 60, length & 0xffff) + reason


def send_raw(data):
    """Sends it as somebody would without our tool; what came back, or the kernel's refusal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        # SO_SNDBUFFORCE, asm-generic/socket.h
        client.setsockopt(socket.SOL_SOCKET, 32, 4 << 20)
        client.settimeout(5)
        client.connect("/run/jitd/jitd.sock")
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            client.send(data)
            return client.recv(65536)
    return b""


def try_packets(jitd):
    for name, data in (("1 MiB of reason", packet(1 << 20)), ("17 KiB of reason", packet(17000)),
                       ("a packet cut short", packet(9)[:-4]),
                       ("trailing bytes", packet(9) + b"x"), ("an unknown message", struct.pack("<HH", 1, 999)),
                       ("one byte", b"\1")):
        before, mark = known(), jitd.last_event()
        answer = send_raw(data)
        event = wait_for(lambda: [e for e in jitd.events(mark) if e["event"] == "bad-packet"
                                  and e["verdict"] == "deny"], 3)
        check(f"by hand: {name}: closed, an event, nothing changed", answer == b"" and event and known() == before,
              (answer, jitd.events(mark)))
    mark = jitd.last_event()
    answer = send_raw(struct.pack("<HH", 7, 20))
    check("by hand: another version is told both numbers", b"7" in answer and b"1" in answer and jitd.events(mark),
          answer)


def try_names(jitd):
    for command in "lock", "unlock":
        for user in "mallory", "\x1b[2J", "", "al ice", "u" * LONGEST, "2001":
            refused(jitd, f"{command}: unknown user {user[:20]!r}", "root", "jitd-admin", command, user,
                    says="no such user here|that is no user name", reason="unknown-user")
    refused(jitd, "unlock: somebody who is not locked", "adam", "jitd-admin", "unlock", "alice",
            says="alice is not locked", reason="state")
    refused(jitd, "lock: root", "adam", "jitd-admin", "lock", "root", says="root needs no access and cannot be locked",
            reason="value")
    refused(jitd, "revoke --user: unknown user", "adam", "jitd-admin", "revoke", "--user", "mallory",
            says="no such user here: mallory", reason="unknown-user")
    refused(jitd, "revoke --user: no name", "adam", "jitd-admin", "revoke", "--user", "a b",
            says="that is no user name", reason="value")
    refused(jitd, "revoke --scope: no scope", "adam", "jitd-admin", "revoke", "--scope", "nonsense",
            says="a scope is SERVICE:ACCOUNT", reason="value")
    refused(jitd, "revoke --token: unknown", "adam", "jitd-admin", "revoke", "--token", "f" * 32, says="no such token",
            reason="unknown-token")


# ---- who may ----


def try_numbers(jitd):
    """Another's number and one that is nobody's look the same."""
    number = request("alice", "sudo:root")
    for access in number, 4000000000:
        for command in "show", "wait", "cancel":
            refused(jitd, f"jit {command} {access}: carol", "carol", "jit", command, str(access),
                    says=f"^jit: no such access of yours: {access}\n$", reason="unknown-access")
        for command in "show", "approve", "deny", "revoke":
            refused(jitd, f"jitd-admin {command} {access}: carol", "carol", "jitd-admin", command, str(access),
                    says=f"^jitd-admin: no such access: {access}\n$", reason="unknown-access")
    found = [event for event in jitd.events() if event["access"] == number and event["reason"] == "unknown-access"]
    check("audit list --access shows who tried", len(found) == 7 and {event["actor"] for event in found} == {"carol"},
          found)
    for command in ("list",), ("list", "--all"), ("pending",), ("sessions",):
        said = tool("carol", "jitd-admin", *command, "--json")
        check(f"jitd-admin {' '.join(command)}: carol sees nobody's accesses", said.code == 0 and said.json == [], said)
    check("jit list: bob's own are none", tool("bob", "jit", "list", "--json").json == [])
    refused(jitd, "jit show: the approver's tool is jitd-admin", "bob", "jit", "show", str(number),
            says="no such access of yours", reason="unknown-access")
    done("jitd-admin show: the approver", tool("bob", "jitd-admin", "show", str(number)), "^access ")
    done("jitd-admin show: an auditor", tool("dora", "jitd-admin", "show", str(number)), "^access ")
    done("jitd-admin show: the subject", tool("alice", "jitd-admin", "show", str(number)), "^access ")
    return number


def try_roles(jitd, number):
    for user in "alice", "bob", "carol":
        refused(jitd, f"audit list: {user}", user, "jitd-admin", "audit", "list",
                says="only auditors and administrators do this", reason="not-allowed")
    for user in "dora", "adam", "root":
        check(f"audit list: {user}", tool(user, "jitd-admin", "audit", "list", "--json").json)
    for user in "alice", "bob", "carol", "dora":
        for command in ("lock", "carol"), ("unlock", "carol"), ("policy", "reload"):
            refused(jitd, f"{' '.join(command)}: {user}", user, "jitd-admin", *command,
                    says="only administrators do this", reason="not-allowed")
        refused(jitd, f"revoke --all: {user}", user, "jitd-admin", "revoke", "--all",
                says="only administrators revoke more than one", reason="not-allowed")
    for user in "adam", "root":
        done(f"policy reload: {user}", tool(user, "jitd-admin", "policy", "reload"), "^policy in force: 4 rules\n$")
        done(f"lock: {user}", tool(user, "jitd-admin", "lock", "alice"), "^locked: ")
        refused(jitd, f"a request of somebody locked, by {user}", "alice", *WEB,
                says="alice is locked: an administrator unlocks", reason="locked")
        done(f"unlock: {user}", tool(user, "jitd-admin", "unlock", "alice"), "^unlocked: ")
    for verdict in "approve", "deny":
        refused(jitd, f"{verdict}: oneself", "alice", "jitd-admin", verdict, str(number),
                says=r"your own request: somebody else decides \(bob\)", reason="self-approval")
        refused(jitd, f"{verdict}: an auditor", "dora", "jitd-admin", verdict, str(number),
                says="rule web lets bob decide, not dora", reason="not-an-approver")
        refused(jitd, f"{verdict}: an administrator whom the rule does not name", "adam", "jitd-admin", verdict,
                str(number), says="rule web lets bob decide", reason="not-an-approver")
        refused(jitd, f"{verdict}: root", "root", "jitd-admin", verdict, str(number),
                says="root is nobody in particular: .* as yourself", reason="not-a-person")
        refused(jitd, f"{verdict}: root without a login uid", "root", "jitd-admin", verdict, str(number),
                says="root is nobody in particular", reason="not-a-person", login_uid=False)
    refused(jitd, "request: root", "root", *WEB, says="root is nobody in particular", reason="not-a-person")
    refused(jitd, "revoke: the subject", "alice", "jitd-admin", "revoke", str(number), says="its subject cancels it",
            reason="not-allowed")
    refused(jitd, "revoke: an auditor", "dora", "jitd-admin", "revoke", str(number),
            says="only approvers of access .* and administrators", reason="not-allowed")
    done("revoke: the approver, a pending access too", tool("bob", "jitd-admin", "revoke", str(number)), "^revoked: ")


def try_states(jitd):
    number = grant("alice", "sudo:root", by="bob")
    for verdict in "approve", "deny":
        refused(jitd, f"{verdict}: what is active", "bob", "jitd-admin", verdict, str(number),
                says=f"access {number} is active already", reason="state")
    revoke("root", number)
    refused(jitd, "revoke: what is over", "bob", "jitd-admin", "revoke", str(number),
            says=f"access {number} is revoked already", reason="state")
    refused(jitd, "cancel: what is over", "alice", "jit", "cancel", str(number),
            says=f"access {number} is revoked already", reason="state")
    number = request("alice", "su:root")
    approve("bob", number)
    refused(jitd, "approve: twice", "bob", "jitd-admin", "approve", str(number),
            says=f"you have decided on {number} already", reason="decided")
    for _ in range(31):
        last = tool("alice", *WEB)
    check("many requests wait, and then no more", last.code in (0, 1), last)
    while tool("alice", *WEB).code == 0:
        pass
    refused(jitd, "request: too many wait", "alice", *WEB,
            says=r"requests of yours wait already: cancel one \(jit cancel ID\)", reason="too-many")


prepare()
with Jitd() as daemon:
    request("alice", "sudo:root")
    try_usage(daemon)
    try_askpass(daemon)
    try_scopes(daemon)
    try_durations(daemon)
    try_reasons(daemon)
    try_packets(daemon)
    try_names(daemon)
    try_roles(daemon, try_numbers(daemon))
    try_states(daemon)
finish()
