# SPDX-License-Identifier: Apache-2.0
"""Every command of jit and jitd-admin as somebody new would try it: help, use, --json, waiting on a terminal."""
from commands_tool import *

COMMANDS = {
    "jit": ("request", "token", "list", "show", "wait", "cancel", "present", "askpass"),
    "jitd-admin": ("pending", "list", "show", "approve", "deny", "revoke", "lock", "unlock", "end", "sessions",
                   "policy check", "policy explain", "policy test", "policy reload", "audit list", "token explain",
                   "keys list", "keys rotate", "keys retire", "keys export", "clock accept", "status"),
}
MAN = {"jit": "jit.1", "jitd-admin": "jitd-admin.8"}

# ---- help ----


def man_text(name):
    """The page without its markup: options as they are typed."""
    text = (TOP / "cli" / MAN[name]).read_text()
    return re.sub(r"\\?\bFl (?:Fl )?-?", "--", text)


def listed(text):
    """The commands that a tool's help lists."""
    block = text.split("commands:\n", 1)[-1].split("\n\n", 1)[0]
    return tuple(re.sub(r" \[?[A-Z]+\]?$", "", re.split(r"  +", line.strip())[0]) for line in block.splitlines())


def try_help(name):
    said = tool("carol", name, "--help")
    done(f"{name} --help", said, rf"^usage: {name} COMMAND")
    check(f"{name} --help lists every command", listed(said.out) == COMMANDS[name], listed(said.out))
    check(f"{name} help is the same", tool("carol", name, "help").out == said.out)
    done(f"{name} --version", tool("carol", name, "--version"), rf"^{name} \(pam-jit\) \d")
    page = man_text(name)
    for command in COMMANDS[name]:
        words = command.split()
        said = tool("carol", name, *words, "--help")
        done(f"{name} {command} --help", said, rf"^usage: {name} {command}\b")
        check(f"{name} help {command} is the same", tool("carol", name, "help", *words).out == said.out)
        missing = [option for option in re.findall(r"^  (--[a-z-]+)", said.out, re.M) if option not in page]
        check(f"{name} {command}: the man page has it with all its options",
              re.search(rf"^\.It Ic {command}( |$)", page, re.M) and not missing, missing)


def try_daemon_help():
    done("jitd --help", tool("root", "/usr/sbin/jitd", "--help"), r"^usage: jitd \[--config FILE\] \[--check\]\n")
    done("jitd --version", tool("root", "/usr/sbin/jitd", "--version"), r"^jitd \d")
    done("jitd --check", tool("root", "/usr/sbin/jitd", "--check"), r"^4 rules, no error\n$")


# ---- without a terminal ----


def try_request():
    done("jit list: nothing yet", tool("alice", "jit", "list"), "^you have asked for nothing\n$")
    shaped("jit list --json: nothing yet", tool("alice", "jit", "list", "--json"), [ACCESS])
    said = tool("alice", "jit", "request", "sudo:root", "--reason", "restart the web server", "--for", "10m")
    done("jit request: without a terminal it does not wait", said,
         r"^access 1 waits for 1 approval: sudo:root for 10m \(rule web\)\n$")
    said = tool("alice", "jit", "request", "sudo:root", "--no-wait", "--json", "--reason=two", login_uid=False)
    shaped("jit request --json", said, ACCESS, id=2, state="pending", scopes=["sudo:root"], reason="two", decided=None,
           until=None, approvals_needed=1, decisions=[], uses_left=None, sessions=[], host="pam-jit", rule="web")
    said = tool("alice", "jit", "request", "sudo:bin", "--json")
    shaped("jit request --json: a rule without approval", said, ACCESS, id=3, state="active", uses_left=1)
    check("its times", said.json and said.json["from"] == said.json["decided"]
          and said.json["until"] > said.json["from"],
          said)
    done("jit list", tool("alice", "jit", "list"),
         rf"^ID +STATE +SCOPE +FOR +REQUESTED +NOTE\n1 +pending +sudo:root +10m +{CLOCK} +lapses in \S+\n2 .*\n3 +active ")
    shaped("jit list --json", tool("alice", "jit", "list", "--json"), [ACCESS], id=3)
    done("jit show", tool("alice", "jit", "show", "1"),
         r"^access 1 pending, lapses in \S+\n  subject +alice\n  scope +sudo:root\n  for +10m\n(.*\n)*  approvers +bob\n")
    shaped("jit show --json", tool("alice", "jit", "show", "1", "--json"), ACCESS, id=1,
           reason="restart the web server")


def try_decide():
    done("jitd-admin pending", tool("bob", "jitd-admin", "pending"),
         r"^ID +SUBJECT +SCOPE +FOR +REQUESTED +NOTE +REASON\n1 +alice +sudo:root .* restart the web server\n2 ")
    shaped("jitd-admin pending --json", tool("bob", "jitd-admin", "pending", "--json"), [ACCESS], id=2)
    done("jitd-admin show", tool("bob", "jitd-admin", "show", "1"),
         r"^access 1 pending, (.*\n)*  reason +restart the web")
    shaped("jitd-admin show --json", tool("bob", "jitd-admin", "show", "2", "--json"), ACCESS, id=2, state="pending")
    done("jitd-admin approve", tool("bob", "jitd-admin", "approve", "1", "--for", "5m", "--comment", "only that"),
         "^approved: access 1 is active: sudo:root for alice")
    said = tool("alice", "jit", "show", "1", "--json")
    shaped("it is active, shorter, and says who said yes", said, ACCESS, state="active")
    word = said.json and said.json["decisions"][-1]
    check("the word of the approver", word and (word["by"], word["verdict"], word["comment"]) == ("bob", "approve",
                                                                                                  "only that"),
          said)
    done("jit wait: decided already", tool("alice", "jit", "wait", "1"), rf"^access 1 active until {CLOCK}, \S+ left\n$")
    done("jitd-admin deny", tool("bob", "jitd-admin", "deny", "2", "--comment", "not today", login_uid=False),
         "^denied: access 2 of alice\n$")
    said = tool("alice", "jit", "wait", "2")
    check("jit wait: 1 where it ended without access, with the reason",
          said.code == 1 and one_line(said, "jit: access 2 denied") and "bob" in said.err and "not today" in said.err,
          said)
    said = tool("alice", "jit", "request", "su:root", "--json")
    shaped("two approvals: the request", said, ACCESS, id=4, approvals_needed=2, uses_left=3)
    done("two approvals: the first", tool("adam", "jitd-admin", "approve", "4"),
         "approved by you; access 4 waits for 1 more")
    done("two approvals: what the other sees", tool("bob", "jitd-admin", "pending"),
         r"\n4 .* 1 of 2 approvals, lapses in ")
    shaped("two approvals: still pending", tool("alice", "jit", "show", "4", "--json"), ACCESS, state="pending",
           decided=None)
    done("two approvals: the second", tool("bob", "jitd-admin", "approve", "4"), "^approved: access 4 is active")


def try_end():
    done("jit cancel: an active access", tool("alice", "jit", "cancel", "4"), "^access 4 is returned\n$")
    number = request("alice", "sudo:root")
    done("jit cancel: a pending one", tool("alice", "jit", "cancel", str(number)), f"^access {number} is cancelled\n$")
    done("jitd-admin revoke", tool("bob", "jitd-admin", "revoke", "1"), "^revoked: access 1\n$")
    done("jitd-admin revoke by root", tool("root", "jitd-admin", "revoke", "3"), "^revoked: access 3\n$")
    for option in ("--user", "alice"), ("--scope", "sudo:root"), ("--all",):
        number = grant("alice", "sudo:root", by="bob")
        done("jitd-admin revoke " + " ".join(option), tool("adam", "jitd-admin", "revoke", *option),
             "^revoked: 1 access\n$")
        check("that access is revoked", state(number) == "revoked", state(number))
    number = grant("alice", "sudo:root", by="bob")
    jti, kid = re.search(r"jti (\S+) kid (\S+)", [e for e in Jitd.running.events()
                                                  if e["event"] == "grant"][-1]["text"]).groups()
    done("jitd-admin revoke --token", tool("root", "jitd-admin", "revoke", "--token", jti), "^revoked: 1 access\n$")
    check("the access of that token is revoked", state(number) == "revoked", state(number))
    number = grant("alice", "sudo:root", by="bob")
    done("jitd-admin revoke --key", tool("root", "jitd-admin", "revoke", "--key", kid), "^revoked: 1 access\n$")
    check("the access of that key is revoked", state(number) == "revoked", state(number))
    done("jitd-admin revoke: somebody who has nothing", tool("root", "jitd-admin", "revoke", "--user", "carol"),
         "^nothing to revoke: none such is pending or active\n$")
    done("jitd-admin lock", tool("adam", "jitd-admin", "lock", "alice"), "^locked: alice .*jitd-admin unlock alice")
    done("jitd-admin unlock", tool("adam", "jitd-admin", "unlock", "alice"), "^unlocked: alice\n$")


def try_lists():
    done("jitd-admin list: nothing open", tool("root", "jitd-admin", "list"), "^none is pending or active\n$")
    number = request("alice", "sudo:root")
    shaped("jitd-admin list --json: what is open", tool("bob", "jitd-admin", "list", "--json"), [ACCESS], id=number)
    said = tool("root", "jitd-admin", "list", "--all", "--json")
    shaped("jitd-admin list --all --json: all there was", said, [ACCESS], id=number)
    states = {access["state"] for access in said.json or []}
    check("in all these states", states == {"pending", "denied", "cancelled", "returned", "revoked"}, states)
    done("jitd-admin list --all", tool("dora", "jitd-admin", "list", "--all"),
         r"^ID +STATE +SUBJECT .*\n1 +revoked +alice .* revoked by bob")
    done("jitd-admin sessions: none", tool("root", "jitd-admin", "sessions"), "^no session is open\n$")
    shaped("jitd-admin sessions --json: none", tool("root", "jitd-admin", "sessions", "--json"), [SESSION])
    run("alice", "jit", "cancel", str(number))


def look_at_session(child):
    shaped("jitd-admin sessions --json: a sudo that runs", tool("bob", "jitd-admin", "sessions", "--json"), [SESSION],
           subject="alice", service="sudo", account="root", ended=None)
    done("jitd-admin sessions", tool("root", "jitd-admin", "sessions"),
         r"^SESSION .*\n\d+-1 +alice +sudo +root +(/dev/)?pts")
    child.sendline("")


def try_session():
    sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
    number = grant("alice", "sudo:root", by="bob")
    said = run_pty("alice", "sudo", "sh", "-c", "echo now; read line", answers=[("now\r\n", look_at_session)])
    check("that sudo ends well", said.code == 0, said)
    shown = wait_for(lambda: (got := tool("alice", "jit", "show", str(number), "--json")).json["sessions"][0]["ended"]
                     and got, 5)
    check("jit show --json: the session and its end", shown and fits(shown.json, ACCESS),
          tool("alice", "jit", "show", str(number)))
    done("jit show: the session", tool("alice", "jit", "show", str(number)), rf"  session +{number}-1: sudo as root")


def try_audit():
    said = tool("dora", "jitd-admin", "audit", "list", "--json")
    shaped("jitd-admin audit list --json", said, [EVENT])
    numbers = [event["id"] for event in said.json or []]
    check("the oldest first, none missing", numbers == list(range(1, len(numbers) + 1)), numbers)
    words = {event["event"] for event in said.json or []}
    expected = {"start", "request", "approve", "deny", "grant", "denied", "cancelled", "returned", "revoked", "lock",
                "unlock", "check", "session-open", "session-close"}
    check("an event for each thing that was done", expected <= words, expected - words)
    said = tool("dora", "jitd-admin", "audit", "list", "--access", "1", "--json")
    story = [event["event"] for event in said.json or []]
    check("--access: that access alone", story == ["request", "approve", "grant", "revoked"], said)
    check("--since: what is after", tool("root", "jitd-admin", "audit", "list", "--since", "2100-01-01T00:00:00Z",
                                         "--json").json == [])
    check("--since -1h: all of this", len(tool("root", "jitd-admin", "audit", "list", "--since", "-1h",
                                               "--json").json) > 20)
    done("jitd-admin audit list", tool("adam", "jitd-admin", "audit", "list"),
         r"^(.* key +: .*\n)*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d start +: policy [0-9a-f]{64}\n(.*\n)*.* revoked +access=1 subject=alice actor=bob")


def try_status():
    done("jitd-admin status", tool("carol", "jitd-admin", "status"), r"^NAME +VALUE\nstate +ready\n")
    said = tool("carol", "jitd-admin", "status", "--json")
    status = said.json or {}
    check("jitd-admin status --json", said.code == 0 and status.get("state") == "ready"
          and status.get("host-id") == "pam-jit"
          and status.get("rules") == 4 and type(status.get("events")) is int, said)
    done("jitd-admin status --metrics", tool("carol", "jitd-admin", "status", "--metrics"),
         r"^(.*\n)*# TYPE jitd_commits_total counter\njitd_commits_total [1-9]\d*\n(.*\n)*jitd_committed_rows_total [1-9]\d*\n")
    said = tool("carol", "jitd-admin", "status", "--ready")
    check("jitd-admin status --ready: nothing said", said.code == 0 and not said.output, said)


# ---- on a terminal ----


def pressed(child):
    child.sendintr()


def number_of(said):
    return int(re.search(r"access (\d+)", said.output).group(1))


def decide(verdict, user="bob", *more):
    """Says it when the request shows its number."""
    def reply(child):
        tool(user, "jitd-admin", verdict, child.match.group(1), *more)
    return reply


def try_waiting():
    ask = ("jit", "request", "sudo:root", "--reason", "look")
    shown = r"access (\d+) requested: sudo:root for 15m \(rule web\)"
    said = run_pty("alice", *ask, answers=[(shown + r"(?s:.*)Ctrl-C leaves it pending\.",
                                            decide("approve", "bob", "--comment", "go"))])
    check("jit request on a terminal: waits, ends when bob approves", said.code == 0 and
          re.search(r"1 of these must approve: bob", said.output) and re.search(r"bob: approve: go\r\n", said.output)
          and
          re.search(rf"access \d+ active until {CLOCK}, \S+ left\r\n$", said.output), said)
    said = run_pty("alice", *ask, answers=[(shown, decide("deny", "bob", "--comment", "no"))])
    check("jit request on a terminal: 1 when bob denies", said.code == 1
          and re.search(r"jit: access \d+ denied.*bob.*no", said.output), said)
    said = run_pty("alice", *ask, answers=[(r"waiting for \d", pressed)])
    number = number_of(said)
    check("jit request: Ctrl-C is 130, leaves it pending, and says how to go on",
          said.code == 130 and state(number) == "pending" and f"jit wait {number}" in said.output
          and f"jit cancel {number}" in said.output, said)
    said = run_pty("alice", "jit", "wait", str(number), answers=[(r"waiting for \d", pressed)])
    check("jit wait: Ctrl-C is 130 and leaves it pending", said.code == 130 and state(number) == "pending", said)
    said = run_pty("alice", "jit", "wait", str(number), answers=[(r"access (\d+) requested", decide("approve"))])
    check("jit wait on a terminal: 0 when bob approves", said.code == 0 and state(number) == "active", said)
    said = run_pty("alice", *ask, "--no-wait")
    check("jit request --no-wait on a terminal: does not wait", said.code == 0 and state(number_of(said)) == "pending",
          said)
    number = number_of(said)
    waiting = begin("alice", "jit", "wait", str(number))
    tool("bob", "jitd-admin", "deny", str(number))
    end(waiting)
    check("jit wait without a terminal: 1 when it is denied", waiting.code == 1 and one_line(waiting, "jit: "), waiting)
    said = run_pty("alice", *ask, "--json", answers=[(shown, decide("approve"))])
    check("jit request --json on a terminal: the object at the end",
          said.code == 0 and '"state": "active"' in said.output, said)


def try_pending_wait():
    waiting = begin("bob", "jitd-admin", "pending", "--wait", "--json")
    check("jitd-admin pending --wait: waits while there is nothing",
          wait_for(lambda: waiting.process.poll(), 0.5) is None)
    number = request("alice", "sudo:root")
    shaped("jitd-admin pending --wait: ends with the request", end(waiting), [ACCESS], id=number)
    done("jitd-admin pending --wait: does not wait when there is one", tool("bob", "jitd-admin", "pending", "--wait"),
         f"\n{number} ")
    run("alice", "jit", "cancel", str(number))
    said = run_pty("bob", "sh", "-c", "echo here; exec jitd-admin pending --wait",
                   answers=[("here\r\n", pressed_later)])
    check("jitd-admin pending --wait: Ctrl-C is 130", said.code == 130, said)


def pressed_later(child):
    """Ctrl-C once the tool has connected: before that sh itself would die of it."""
    wait_for(lambda: json.loads(tool("root", "jitd-admin", "status", "--json").out)["client-connections"] > 1, 5)
    child.sendintr()


# ---- jitd comes and goes ----


def try_ready(jitd):
    jitd.stop()
    said = tool("alice", "jit", "list")
    check("jitd absent: 3, and what to look at", said.code == 3 and one_line(said,
                                                                             "jit: jitd not reachable: /run/jitd/jitd.sock: ")
          and "systemctl status jitd" in said.err, said)
    waiting = begin("alice", "jitd-admin", "status", "--ready")
    check("jitd-admin status --ready: waits for jitd", wait_for(lambda: waiting.process.poll(), 0.3) is None)
    jitd.start(fresh=False)
    end(waiting)
    check("jitd-admin status --ready: 0 when it came", waiting.code == 0 and not waiting.output, waiting)
    number = request("alice", "sudo:root")
    waiting = begin("alice", "jit", "wait", str(number))
    wait_for(lambda: json.loads(tool("root", "jitd-admin", "status", "--json").out)["client-connections"] > 1, 5)
    jitd.kill()
    end(waiting)
    check("jit wait: 3 when jitd goes", waiting.code == 3 and one_line(waiting, "jit: jitd not reachable: "), waiting)
    jitd.start(fresh=False)
    check("and the request is still there", state(number) == "pending", state(number))


# ---- the story ----

prepare()
for program in COMMANDS:
    try_help(program)
try_daemon_help()
with Jitd() as daemon:
    try_request()
    try_decide()
    try_end()
    try_lists()
    try_session()
    try_audit()
    try_status()
    try_waiting()
    try_pending_wait()
    try_ready(daemon)
finish()
