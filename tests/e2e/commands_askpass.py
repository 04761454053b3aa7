# SPDX-License-Identifier: Apache-2.0
"""
jit token and jit-askpass with a real jitd, sshd and sudo, as jit(1) shows them: no typing where an access is held, and
no code to whoever else asks.
"""
from commands_tool import *
from ssh_door import Sshd

RULES = """
rule "in"  { who = {"alice"}  scope = {"ssh:alice"}  approvals = 0  present = "typed" }
rule "up"  { who = {"alice"}  scope = {"sudo:root"}  approvals = 0  present = "typed" }
"""
CODE = "[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}"
ASKPASS = "/usr/bin/jit-askpass"
FORCED = {"SSH_ASKPASS": ASKPASS, "SSH_ASKPASS_REQUIRE": "force"}
HOSTS = "127.0.0.1 pam-jit pam-jit.example.org elsewhere.example.org\n"


def ask(scope):
    return str(json.loads(tool("alice", "jit", "request", scope, "--json").out)["id"])


def ssh(host, *options, **environment):
    # of an option given twice ssh takes the first
    return tool("alice", "ssh", *options, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                "NumberOfPasswordPrompts=1", "-o", "LogLevel=ERROR", f"alice@{host}", "id", "-un",
                environment=FORCED | environment)


def explained(text, *argv, code):
    """What `jitd-admin token explain` says of this token or code."""
    said = subprocess.run(["jitd-admin", "token", "explain", *argv, "--json"], input=text, capture_output=True,
                          text=True, timeout=20)
    rows = json.loads(said.stdout) if said.stdout else []
    good = said.returncode == code and rows and all(set(row) == {"name", "verdict", "text"} for row in rows)
    return check(f"token explain {' '.join(argv)}: {code}", good, said) and rows


def try_token(number):
    said = tool("alice", "jit", "token", number)
    check("jit token: a token alone on stdout", said.code == 0 and re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", said.out),
          said)
    explained(said.out, "--service", "sshd", "--user", "alice", code=0)
    explained(said.out, "--service", "sshd", "--user", "bob", code=1)
    explained(said.out, "--service", "sshd", "--user", "alice", code=0)  # nothing was burned
    said = tool("alice", "jit", "token", number, "--code")
    check("jit token --code: a code alone on stdout", said.code == 0 and re.fullmatch(CODE + "\n", said.out)
          and not said.err, said)
    explained(said.out, "--service", "sshd", "--user", "alice", code=0)
    said = tool("bob", "jit", "token", number)
    check("jit token: somebody else's access", said.code == 1 and one_line(said, "jit: "), said)
    said = tool("alice", "jit", "show", number)
    check("jit show says what to type", f"get a code: jit token {number} --code" in said.out, said)


def try_ssh(methods):
    with Sshd(methods):
        said = ssh("pam-jit")
        check(f"{methods}: jit-askpass: no typing", said.code == 0 and said.out == "alice\n" and not said.err, said)
        said = ssh("pam-jit.example.org")
        check(f"{methods}: a longer name than the access has is another host's", said.code == 255 and not said.out
              and "is not answered" in said.err, said)
        said = ssh("elsewhere.example.org")
        check(f"{methods}: another host's prompt gets no code", said.code == 255 and "is not answered" in said.err
              and "there is no terminal to ask at" in said.err, said)
        said = ssh("127.0.0.1", "-o", "HostKeyAlias=pam-jit")
        check(f"{methods}: an address with HostKeyAlias", said.out == "alice\n", said)
        said = ssh("pam-jit", "-o", "StrictHostKeyChecking=ask", "-o", "GlobalKnownHostsFile=/dev/null")
        check(f"{methods}: a host's key is not trusted by it", said.code == 255 and "authenticity" in said.err, said)


def try_ssh_without():
    with Sshd("keyboard-interactive"):
        said = ssh("pam-jit")
        check("ssh without an access: what to type", said.code == 255 and "jit request ssh:alice" in said.err, said)


def try_sudo():
    sudoers("alice ALL=(ALL:ALL) ALL")
    said = tool("alice", "sudo", "-kA", "id", "-un", environment={"SUDO_ASKPASS": ASKPASS})
    check("sudo -A without an access: what to type", said.code == 1 and "jit request sudo:root" in said.err, said)
    number = ask("sudo:root")
    said = tool("alice", "sudo", "-kA", "id", "-un", environment={"SUDO_ASKPASS": ASKPASS})
    check("SUDO_ASKPASS: no typing", said.code == 0 and said.out.endswith("root\n"), said)
    with open("/etc/sudo.conf", "a") as conf:
        conf.write(f"Path askpass {ASKPASS}\n")
    said = tool("alice", "sudo", "-kA", "id", "-un")
    check("sudo.conf's Path askpass: no typing", said.code == 0 and said.out.endswith("root\n"), said)
    run("alice", "jit", "cancel", number)


prepare()
policy(RULES)
with open("/etc/hosts", "a") as hosts:
    hosts.write(HOSTS)
pam("sshd", (TOP / "packaging" / "pam" / "sshd").read_text())
with Jitd():
    try_ssh_without()
    access = ask("ssh:alice")
    try_token(access)
    try_ssh("keyboard-interactive")
    try_ssh("password")
    try_sudo()
finish()
