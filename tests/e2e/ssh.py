# SPDX-License-Identifier: Apache-2.0
"""The main job on a real sshd: whoever comes with a key types nothing, and comes in only while an access is active."""
import shlex

from harness import *
from ssh_door import *

POLICY = """
rule "own" { who = {"alice"} scope = {"ssh:alice"} approvers = {"carol"} }
rule "shared" { who = {"alice"} scope = {"ssh:deploy"} approvers = {"carol"} present = "typed" }
"""
BOTH, FORCED, PERMIT = 2201, 2202, 2203
IN = "uid=2001(alice)"
KEY = "account open-session"


def environment(attempt):
    return {name: value for name, value in (line.split("=", 1) for line in attempt.output.splitlines() if "=" in line)
            if name not in ("SSH_CONNECTION", "SSH_CLIENT")}  # ports differ


def sessions():
    listed = subprocess.run(["jitd-admin", "sessions", "--json"], capture_output=True, text=True, timeout=20, check=True)
    return json.loads(listed.stdout)


def by_tool(*argv, stdin=""):
    """scp, sftp or rsync, as alice; OPTIONS stands for what ssh needs."""
    def whole(options):
        return [word for part in argv for word in (options if part == "OPTIONS" else [part])]
    return Client("alice", whole, "publickey", stdin=stdin).end()


def without_pam_jit():
    pam("sshd", (TOP / "packaging/pam/sshd").read_text().replace("pam_jit.so", "pam_permit.so"))
    attempt = ssh_key("alice", "env")
    check("without pam-jit the key opens", attempt.code == 0, attempt)
    return environment(attempt)


def states(jitd, known):
    walk("key, no access: refused, and told what to type", jitd, ssh_key("alice", "id"), "account=no-access",
         says=r"pam-jit: you hold no access for this\. Ask: jit request ssh:alice")
    access = request("alice", "ssh:alice")
    walk("key, pending: refused", jitd, ssh_key("alice", "id"), "account=pending", says=f"See: jit show {access}")
    approve("carol", access)
    walk("key, active: opens", jitd, ssh_key("alice", "id"), KEY, opens=IN)
    attempt = ssh_key("alice", "env")
    walk("key, active: the environment", jitd, attempt, KEY, opens="JIT_ACCESS=")
    check("it has JIT_ACCESS, and nothing else that a login without pam-jit has not",
          environment(attempt) == known | {"JIT_ACCESS": str(access)}, f"{environment(attempt)}, not {known}")
    attempt = ssh_key("alice", "exit 7")
    check("the command's exit code comes through", attempt.code == 7, attempt)
    walk("on a terminal", jitd, ssh_key("alice", "tty", arguments=["-tt"]), KEY, opens="/dev/pts/")
    walk("another account with a key of hers, without access: refused", jitd, ssh_key("alice", "id", to="deploy"),
         "account=no-access")
    attempt = ssh_key("carol", "id", to="alice")
    check("a stranger's key: refused by sshd, jitd is not asked",
          attempt.code == 255 and not jitd.events(attempt.event_mark), f"{attempt} {jitd.events(attempt.event_mark)}")
    return access


def tools(jitd):
    source, folder = pathlib.Path("/home/alice/source"), pathlib.Path("/tmp/there")
    source.write_text("carried over\n")
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    for name, argv, stdin in (
            ("scp", ("scp", "OPTIONS", str(source), f"alice@{HOST}:{folder}/scp"), ""),
            ("scp -O", ("scp", "-O", "OPTIONS", str(source), f"alice@{HOST}:'{folder}/scp -O'"), ""),
            ("sftp", ("sftp", "OPTIONS", f"alice@{HOST}"), f"put {source} {folder}/sftp\n"),
            ("ssh host cmd", ("ssh", "OPTIONS", f"alice@{HOST}", f"cat >'{folder}/ssh host cmd'"), "carried over\n")):
        attempt = by_tool(*argv, stdin=stdin)
        walk(name, jitd, attempt, KEY, opens="")
        check(f"{name}: it is there", (folder / name).read_text() == "carried over\n")
    attempt = Client("alice", lambda options: ["rsync", "-e", shlex.join(["ssh", *options]), str(source),
                                               f"alice@{HOST}:{folder}/rsync"], "publickey").end()
    walk("rsync", jitd, attempt, KEY, opens="")
    check("rsync: it is there", (folder / "rsync").read_text() == "carried over\n")
    walk("ForceCommand", jitd, ssh_key("alice", "id", port=FORCED), KEY, opens="forced: id")


def listed(jitd, access):
    client = ssh_client("alice", "publickey", arguments=["-N"])
    leader = client.arrived()
    found = wait_for(sessions, 5)
    good = len(found) == 1 and {name: found[0][name] for name in ("access", "subject", "service", "account", "pid", "rhost")} == {
        "access": access, "subject": "alice", "service": "ssh", "account": "alice", "pid": leader,
        "rhost": client.attempt.source}
    check("-N opens a session: it is listed, under sshd's own process", good, f"{found}, {leader}")
    client.kill()
    check("it ends with the connection", wait_for(lambda: not sessions(), 5), sessions())
    check("both are in the log", jitd.find(client.attempt, event="session-open", access=access) and
          jitd.find(client.attempt, pid=False, event="session-close"), jitd.events(client.attempt.event_mark))
    client = ssh_client("alice", "publickey", arguments=["-N"])
    leader = client.arrived()
    wait_for(sessions, 5)
    os.kill(leader, signal.SIGKILL)
    check("sshd's process killed -9: the session ends all the same", wait_for(lambda: not sessions(), 5), sessions())
    client.kill()


def shared_connection(jitd):
    """Three channels of one connection are one session: PAM is not asked again."""
    master = ssh_client("alice", "publickey", arguments=["-M", "-N", "-S", "/home/alice/master"])
    master.arrived()
    wait_for(lambda: os.path.exists("/home/alice/master"), 5)
    answers = [run("alice", "ssh", "-S", "/home/alice/master", f"alice@{HOST}", command).output
               for command in ("id -u", "cat /proc/self/loginuid", "echo $JIT_ACCESS")]
    check("ControlMaster: three channels", answers[0].strip() == "2001", answers)
    opened = jitd.find(master.attempt, pid=False, event="session-open")
    check("ControlMaster: one session for all", len(opened) == 1 and len(sessions()) == 1 and
          len(jitd.find(master.attempt, pid=False, phase="account")) == 1, jitd.events(master.attempt.event_mark))
    run("alice", "ssh", "-S", "/home/alice/master", "-O", "exit", f"alice@{HOST}")
    master.end()
    check("ControlMaster: it ends with the connection", wait_for(lambda: not sessions(), 5), sessions())


def editor(jitd):
    """VS Code opens one connection for its server and a second beside it, and neither can be answered."""
    first = ssh_client("alice", "publickey", "bash", arguments=["-T", "-D", "127.0.0.1:4444"],
                       options=["ConnectTimeout=15"])
    first.process.stdin.write("echo ready; id\n")
    first.process.stdin.flush()
    first.arrived()
    second = ssh_key("alice", "id", arguments=["-T"], options=["ConnectTimeout=15"])
    walk("VS Code: the second connection opens beside the first", jitd, second, KEY, opens=IN)
    check("VS Code: the first one is a session still", len(wait_for(sessions, 5)) == 1, sessions())
    walk("VS Code: the first connection", jitd, first.end(), KEY, opens=IN)


def key_and_prompt(jitd, access):
    road = "auth account open-session"
    walk("key, then keyboard-interactive, with a held token: nothing is asked", jitd,
         ssh_key_kbdint("alice", "id", port=BOTH), road, opens=IN, asked=0)
    revoke("carol", access)
    walk("key, revoked: refused at the next login", jitd, ssh_key("alice", "id"), "account=revoked",
         says=f"access {access} was revoked. Ask again: jit request ssh:alice")
    walk("key, then keyboard-interactive, revoked: told why, asked, refused", jitd,
         ssh_key_kbdint("alice", "id", answer="pw-alice", port=BOTH), "auth=not-a-token",
         says=f"access {access} was revoked", asked=1)


add_account("deploy", 2010)
give_key("carol")
give_key("alice", "alice", "deploy")
policy(POLICY)
with Sshd("publickey"), Sshd("publickey,keyboard-interactive", BOTH), \
        Sshd("publickey", FORCED, ForceCommand="echo forced: $SSH_ORIGINAL_COMMAND"), Jitd() as jitd:
    known = without_pam_jit()
    pam("sshd")
    published = ssh_key("alice", "id")
    check("as published, no access: refused", published.code == 255 and "jit request ssh:alice" in published.output,
          published)
    pam("sshd", witnessed())
    access = states(jitd, known)
    tools(jitd)
    listed(jitd, access)
    shared_connection(jitd)
    editor(jitd)
    key_and_prompt(jitd, access)
finish()
