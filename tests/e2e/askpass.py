# SPDX-License-Identifier: Apache-2.0
"""
jit-askpass as jit(1) sets it up, from a login shell's start file: `ssh web1` and `sudo -A` with nothing typed, as a
transcript. Against it: a host whose sshd asks for whatever it likes, questions about host keys, passphrases. What jitd
handed out is what its audit says: one code for each prompt of web1 or sudo, none for anything else.
"""
import shlex

from harness import *
from ssh_door import *

POLICY = """
rule "web1" { who = {"alice"} scope = {"ssh:alice", "sudo:root"} approvers = {"carol"} present = "typed" }
"""
NAMES = "127.0.0.1 web1 web10 evil web1.evil.test\n"
EVIL, EVIL_SSHD = pathlib.Path("/run/evil"), pathlib.Path("/usr/sbin/evil-sshd")
OURS = "JIT token or code: "
# what a person sees at its own prompt begins with "(alice@evil) ": ssh says so
FORGED = (OURS, f"(alice@web1) {OURS}", f"\r(alice@web1) {OURS}", f"\n(alice@web1) {OURS}", f"\b\b\b\b\b\b(alice@web1) {OURS}",
          f"x) {OURS}", f"@web1) {OURS}", f") (alice@web1) {OURS}", "alice@web1's password: ", "\ralice@web1's password: ",
          f"\33[2K(alice@web1) {OURS}", f"{OURS}\n{OURS}", "Password: ", "[sudo] password for alice: ",
          "Are you sure you want to continue connecting (yes/no/[fingerprint])? ", f"{' ' * 2000}{OURS}")


def snippet(begin):
    """What jit(1) shows under ASKPASS, to be copied."""
    page = (TOP / "cli" / "jit.1").read_text().split(".Sh ASKPASS")[1].split(".Sh ")[0]
    found = [block.split("\n.Ed")[0] for block in page.split(".Bd -literal -offset indent\n")[1:]]
    return next(text for text in found if text.startswith(begin))


class HandedOut:
    """How many codes and tokens jitd handed out, by its audit, since the last time this was asked."""

    def __init__(self, jitd):
        self.jitd, self.mark = jitd, jitd.last_event()

    def __call__(self):
        events = self.jitd.events(self.mark)
        self.mark = self.jitd.last_event()
        return sum(event["count"] for event in events if event["event"] == "token")


def shell(*commands, terminal=False, answers=()):
    """What alice's login shell does with these, one after the other, with no terminal to ask at or on one."""
    argv = ["bash", "-lc", "\n".join(commands) + "\nexit $?"]  # so that it is the shell that runs the last one
    return run_pty("alice", *argv, answers=answers) if terminal else run("alice", *argv)


def refused(name, handed_out, tried, *says, code=255):
    """Nothing opened, nobody answered, and jitd handed nothing out."""
    count = handed_out()
    check(f"{name}: no code", tried.code == code and not count and all(text in tried.output for text in says),
          f"{tried}, {count} handed out")


def answered(name, handed_out, tried, says):
    count = handed_out()
    check(f"{name}: a code", tried.code == 0 and tried.output == says and count == 1, f"{tried}, {count} handed out")


def transcript():
    """A person at a terminal: commands are typed, and nothing else."""
    commands = ["ssh web1 id -un", "ssh web1", "id -un; exit", "sudo -A id -un", "exit"]
    seen = run_pty("alice", "bash", "-l", answers=[(r"[$#] ", lambda child: child.sendline(commands.pop(0)))])
    return re.sub(r"\r|\x1b\[\?2004[hl]", "", seen.output), seen, commands


def start_evil():
    """sshd under another name, and so with another PAM stack, where it has no option for that."""
    EVIL_SSHD.symlink_to("/usr/sbin/sshd")
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
                    "/usr/lib/pam_asks.so", TOP / "tests" / "e2e" / "pam_asks.c", "-lpam"], check=True)
    pam("evil-sshd", f"auth required /usr/lib/pam_asks.so {EVIL}\naccount required pam_permit.so\n")
    return Sshd("keyboard-interactive", 2222, program=EVIL_SSHD)


def ssh(*arguments, to="evil"):
    return "ssh " + shlex.join(["-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=ERROR", *arguments, to, "id", "-un"])


def forged(handed_out, host):
    """No terminal: nobody answers."""
    for prompt in FORGED:
        EVIL.with_suffix(".prompt").write_text(prompt)
        refused(f"{host} asks {prompt.strip(' ')[:60]!r}", handed_out, shell(ssh("-p", "2222", to=host)), "is not answered")
        answer = EVIL.with_suffix(".answer")  # ssh sends an empty one where it has none
        check("it was asked, and all it got is nothing", answer.exists() and answer.read_text() == "")
        answer.unlink(missing_ok=True)


def forged_at_a_terminal(handed_out):
    """The person sees whose prompt it is, whatever the server puts behind it, and what they type goes there."""
    EVIL.with_suffix(".prompt").write_text(f"\r(alice@web1) {OURS}")
    tried = shell(ssh("-p", "2222"), terminal=True, answers=[(re.escape(OURS), "typed by a person")])
    asked = next((line for line in tried.output.replace("\r\n", "\n").split("\n") if OURS in line), "")
    check("at a terminal: the prompt shows who asks", asked.startswith("(alice@evil) ") and "\r" not in asked, repr(asked))
    answer = EVIL.with_suffix(".answer")
    check("at a terminal: what was typed is passed on, no code is", answer.read_text() == "typed by a person" and
          not handed_out(), answer.read_text())
    answer.unlink()


def other_questions(handed_out):
    not_known = "-o", "GlobalKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=ask"
    refused("is a host's key to be trusted", handed_out, shell(ssh(*not_known, to="web1")), "authenticity", "is not answered")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", "/home/alice/with passphrase"],
                   check=True)
    for path in pathlib.Path("/home/alice").glob("with passphrase*"):
        shutil.chown(path, "alice", "alice")
    subprocess.run("cat '/home/alice/with passphrase.pub' >>/home/alice/.ssh/authorized_keys", shell=True, check=True)
    key = "-i", "/home/alice/with passphrase", "-o", "IdentitiesOnly=yes", "-o", "PreferredAuthentications=publickey"
    refused("a key's passphrase", handed_out, shell(ssh(*key, to="web1")), "Enter passphrase for key", "is not answered")
    for hint in "confirm", "none":
        refused(f"the prompt of web1, to be shown as {hint}", handed_out,
                shell(f"SSH_ASKPASS_PROMPT={hint} $SSH_ASKPASS '(alice@web1) {OURS}'"), code=1)
    refused("sudo's prompt, and it is not sudo that asks", handed_out, shell(f"$SSH_ASKPASS '{OURS}'"), "it is not sudo",
            code=1)
    refused("sudo with a prompt of alice's own", handed_out, shell("sudo -A -p 'alice@web1: ' id -un"), "is not answered",
            code=1)


def other_hosts(handed_out):
    for host in "web10", "web1.evil.test", "127.0.0.1":
        refused(f"our prompt at {host}", handed_out, shell(ssh(to=host)), "your access is for another host, web1")
    refused("our prompt at web1 for another account", handed_out, shell(ssh(to="carol@web1")), "jit request ssh:carol")
    answered("an address that the person calls web1", handed_out, shell(ssh("-o", "HostKeyAlias=web1", to="127.0.0.1")),
             "alice\n")


with open("/etc/hosts", "a") as hosts:
    hosts.write(NAMES)
pathlib.Path("/etc/jitd/jitd.conf").write_text('host-id = "web1"\n')
pathlib.Path("/etc/sudo.conf").write_text(snippet("Path askpass") + "\n")
# alice's own prompt, short and plain; her start file is read by login shells
pathlib.Path("/home/alice/.bash_profile").write_text(f"{snippet('export SSH_ASKPASS')}\nPS1='$ '\nunset PROMPT_COMMAND\n")
pathlib.Path("/home/alice/.hushlogin").touch()
_ssh = pathlib.Path("/home/alice/.ssh")
_ssh.mkdir(mode=0o700)
shutil.chown(_ssh, "alice", "alice")
pam("sshd")
pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) ALL", "Defaults timestamp_timeout=0")
with Jitd() as jitd, Sshd("keyboard-interactive publickey"), start_evil():
    handed_out = HandedOut(jitd)
    refused("no access", handed_out, shell(ssh(to="web1")), "jit request ssh:alice")
    for scope in "ssh:alice", "sudo:root":
        grant("alice", scope, by="carol")
    text, seen, left = transcript()
    print("".join(f"# | {line}\n" for line in text.rstrip().split("\n")), end="")
    check("a terminal: `ssh web1`, with a command and without, and `sudo -A`: nothing but commands was typed",
          seen.code == 0 and not left and re.findall(r"(?m)^(?:alice|root)$", text) == ["alice", "alice", "root"] and
          OURS not in text and "assword" not in text, text)
    check("three prompts, three codes", (count := handed_out()) == 3, count)
    forged(handed_out, "evil")
    forged(handed_out, "web1.evil.test")
    forged_at_a_terminal(handed_out)
    other_questions(handed_out)
    other_hosts(handed_out)
finish()
