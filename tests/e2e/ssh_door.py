# SPDX-License-Identifier: Apache-2.0
"""
The ssh door for stories: a real sshd on loopback, keys, and attempts whose server side is known. Each attempt comes
from an address of its own, 127.1.0.0/16, by which its processes are found: sshd logs it, and so does pam_warn, which
witnessed() puts on top of a stack.

    pam("sshd", witnessed())
    give_key("alice")
    with Sshd("publickey"):
        cell("by key", jitd, ssh_key("alice", "id"), opens="uid=2001(alice)")
"""
import itertools
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import threading

from harness import AS, TOP, Attempt, Jitd, check, re, run, syslog, wait_for

HOST = "127.0.0.1"
# as ssh passes on what is asked; OpenSSH before 10.3 shows what is said with the next prompt only
OURS = re.compile(r"\(\w+@127\.0\.0\.1\) (pam-jit: .+\n)?JIT token or code: |\w+@127\.0\.0\.1's password: ")
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_number = itertools.count(1)

ASKPASS = pathlib.Path("/usr/local/bin/e2e-askpass")
ASKPASS_TEXT = """#!/usr/bin/python3 -IS
import os, socket, sys
with socket.socket(socket.AF_UNIX) as story:
    story.connect(os.environ["E2E_ASKPASS"])
    story.sendall(sys.argv[1].encode())
    story.shutdown(socket.SHUT_WR)
    answer = story.makefile("rb").read()
if not answer:
    sys.exit(1)
sys.stdout.buffer.write(answer)
"""

# ---- sshd ----


def witnessed(text=None):
    """Our stack (or this text) with pam_warn above everything: it logs who asks, from where, and is ignored."""
    text = (TOP / "packaging" / "pam" / "sshd").read_text() if text is None else text
    return "".join(f"{kind} optional pam_warn.so\n" for kind in ("auth", "account", "session")) + text


def _knows(option):
    known = subprocess.run(["/usr/sbin/sshd", "-T", "-f", "/dev/null"], capture_output=True, text=True, check=True).stdout
    return option.lower() in (line.split(" ", 1)[0] for line in known.splitlines())


class Sshd:
    """sshd on a port, with these AuthenticationMethods ("": any) and whatever else sshd_config has. program: a link to it,
    after whose name its PAM stack is called."""

    def __init__(self, methods="", port=22, program="/usr/sbin/sshd", **options):
        self.port = port
        self.program = str(program)
        self.process = None
        self.options = {
            "ListenAddress": f"{HOST}:{port}", "HostKey": "/etc/ssh/ssh_host_ed25519_key", "PidFile": "none",
            "UsePAM": "yes", "KbdInteractiveAuthentication": "yes", "PasswordAuthentication":
            "yes" if "password" in methods else "no", "MaxStartups": 1000, "LogLevel": "VERBOSE", "UseDNS": "no",
            "PrintMotd": "no", "AcceptEnv": "LANG LC_*", "Subsystem": "sftp /usr/lib/openssh/sftp-server"}
        if methods:
            self.options["AuthenticationMethods"] = methods
        if _knows("PerSourcePenalties"):
            self.options["PerSourcePenalties"] = "no"
        if _knows("PAMServiceName"):
            self.options["PAMServiceName"] = self.program.rsplit("/", 1)[1]
        self.options |= options

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        path = pathlib.Path(f"/run/sshd/{self.port}.conf")
        path.write_text("".join(f"{name} {value}\n" for name, value in self.options.items()))
        mark = syslog.mark()
        self.process = subprocess.Popen([self.program, "-D", "-f", str(path)], stdin=subprocess.DEVNULL,
                                        start_new_session=True)
        if not syslog.find(rf"Server listening on {HOST} port {self.port}\.", mark, 10):
            raise SystemExit(f"sshd did not come up: {syslog.lines[mark:]}")
        return self

    def stop(self):
        """Ends the listener; the sessions go on."""
        self.process.terminate()
        self.process.wait(20)


# ---- keys and accounts ----


def give_key(owner, *accounts):
    """A key pair for owner, good for these accounts (none: the owner's own)."""
    key = pathlib.Path(pwd.getpwnam(owner).pw_dir) / ".ssh" / "id_ed25519"
    if not key.exists():
        _ssh_folder(owner)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", owner, "-f", key], check=True)
        for path in key, key.with_suffix(".pub"):
            shutil.chown(path, owner, owner)
    for account in accounts or (owner,):
        path = _ssh_folder(account) / "authorized_keys"
        with open(path, "a") as file:
            file.write(key.with_suffix(".pub").read_text())
        shutil.chown(path, account, account)


def _ssh_folder(user):
    folder = pathlib.Path(pwd.getpwnam(user).pw_dir) / ".ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(folder, user, user)
    return folder


def add_account(name, number):
    """One that several people share: no password of its own."""
    subprocess.run(["useradd", "--uid", str(number), "--user-group", "--create-home", "--shell", "/bin/bash", name],
                   check=True)


# ---- whoever answers the prompts ----


class Askpass(threading.Thread):
    """Answers ssh's questions, each in its turn. answer: a text for each, a list of texts, or what a function of the
    prompt gives; None, and what is beyond the list, breaks off."""

    def __init__(self, user, answer):
        super().__init__(daemon=True)
        self.path = f"/tmp/askpass.{next(_number)}"
        self.prompts = []
        if callable(answer):
            self.answer = answer
        elif isinstance(answer, (list, tuple)):
            rest = iter(answer)
            self.answer = lambda _: next(rest, None)
        else:
            self.answer = lambda _: answer
        if not ASKPASS.exists():
            ASKPASS.write_text(ASKPASS_TEXT)
            ASKPASS.chmod(0o755)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        shutil.chown(self.path, user)
        self.socket.listen()
        self.start()

    @property
    def environment(self):
        return [f"SSH_ASKPASS={ASKPASS}", "SSH_ASKPASS_REQUIRE=force", f"E2E_ASKPASS={self.path}"]

    def run(self):
        while True:
            try:
                asked, _ = self.socket.accept()
            except OSError:
                return
            with asked:
                prompt = asked.makefile("rb").read().decode(errors="replace")
                self.prompts.append(prompt)
                answer = self.answer(prompt)
                if answer is not None:
                    asked.sendall(answer.encode() + b"\n")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        os.unlink(self.path)


# ---- attempts ----


class SshAttempt(Attempt):
    """pid is the process of sshd that holds the PAM session, [priv]; pids has its children that asked PAM, too.
    prompts: what was asked, whole."""

    def __init__(self, source):
        super().__init__(Jitd.running)
        self.source = source
        self.prompts = []

    def arrived(self, seconds=10):
        """Waits until sshd has it."""
        def sender():
            return next((pid for line, pid in syslog.sent(self.log_mark)
                         if f"Connection from {self.source} port" in line), 0)
        self.pid = self.pid or wait_for(sender, seconds)
        return self.pid

    @property
    def pids(self):
        witnesses = {pid for line, pid in syslog.sent(self.log_mark)
                     if "pam_warn(sshd:" in line and f"rhost=[{self.source}]" in line}
        return witnesses | {self.pid} - {0}


class Client:
    """An ssh, or whatever runs one, on its way. argv is called with the options that ssh, scp and sftp take."""

    def __init__(self, user, argv, methods, answer=None, port=22, options=(), stdin="", source=None):
        number = next(_number)
        self.attempt = SshAttempt(source or f"127.1.{number // 250}.{number % 250 + 1}")
        self.askpass = None if answer is None else Askpass(user, answer)
        self.stdin = stdin
        settings = [f"Port={port}", f"BindAddress={self.attempt.source}", f"PreferredAuthentications={methods}",
                    f"BatchMode={'yes' if answer is None else 'no'}", "NumberOfPasswordPrompts=1", "ConnectTimeout=20",
                    "KexAlgorithms=curve25519-sha256"]  # the fastest that every release has
        told = list(options) + settings  # the first one counts
        environment = self.askpass.environment if self.askpass else []
        self.process = subprocess.Popen(
            [AS, user, "env", *environment, *argv([word for setting in told for word in ("-o", setting)])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True)

    def arrived(self):
        """Waits until sshd has it; gives its process there."""
        return self.attempt.arrived()

    def end(self, timeout=30):
        """Waits for it; gives the attempt."""
        try:
            output, _ = self.process.communicate(self.stdin, timeout=timeout)
            return self._ended(self.process.returncode, output)
        except subprocess.TimeoutExpired:
            return self.kill("timeout")

    def kill(self, code=None, how=signal.SIGKILL):
        self.process.send_signal(how)
        output = self.process.communicate()[0] or ""
        return self._ended(self.process.returncode if code is None else code, output)

    def _ended(self, code, output):
        if self.askpass:
            self.attempt.prompts = self.askpass.prompts
            self.askpass.close()
        self.attempt.ended(code, output)
        self.attempt.arrived(1)
        return self.attempt


def ssh_client(user, methods, *command, to=None, arguments=(), **more):
    """ssh by user to that account (their own), on its way."""
    return Client(user, lambda options: ["ssh", *options, *arguments, f"{to or user}@{HOST}", *command], methods, **more)


def ssh_key(user, *command, timeout=30, **more):
    return ssh_client(user, "publickey", *command, **more).end(timeout)


def ssh_kbdint(user, *command, answer, timeout=30, **more):
    return ssh_client(user, "keyboard-interactive", *command, answer=answer, **more).end(timeout)


def ssh_key_kbdint(user, *command, answer=None, timeout=30, **more):
    """With answer=None whatever is asked breaks it off."""
    return ssh_client(user, "publickey,keyboard-interactive", *command, answer=answer or [], **more).end(timeout)


def ssh_password(user, *command, answer, timeout=30, **more):
    return ssh_client(user, "password", *command, answer=answer, **more).end(timeout)


def token(user, access, *more):
    """A fresh token of an access of theirs; a code with "--code"."""
    made = run(user, "jit", "token", str(access), *more)
    if made.code != 0:
        raise SystemExit(f"jit token {access} as {user}: {made}")
    return made.output.strip()


def code(user, access):
    return token(user, access, "--code")


def made_up_code():
    """One of the right form, check symbol and all, that nobody was given."""
    while (check_symbol := (number := secrets.randbits(45)) % 37) > 31:
        pass
    text = "".join(SYMBOLS[number >> shift & 31] for shift in range(40, -1, -5)) + SYMBOLS[check_symbol]
    return f"{text[:5]}-{text[5:]}"


# ---- what an attempt left ----


def _road(jitd, attempt):
    return " ".join(event["phase"] + ("" if event["verdict"] == "allow" else f"={event['reason']}")
                    for event in jitd.events(attempt.event_mark, attempt.pids) if event["event"] == "check")


def _wrong_with_session(jitd, attempt, opened):
    """One session for each open-session, of sshd's process that called it, and closed again."""
    found = [event for event in jitd.events(attempt.event_mark, attempt.pids) if event["event"] == "session-open"]
    if [event["pid"] for event in found] != opened * [attempt.pid]:
        return [f"{opened} sessions expected of process {attempt.pid}: {found}"]
    return [f"session {event['session']} did not end" for event in found
            if not jitd.find(attempt, pid=False, event="session-close", session=event["session"])]


def walk(name, jitd, attempt, road, opens=None, says=None, asked=None):
    """
    An attempt that has ended, and all that it left by its very processes. road: the phases in which jitd was asked, in
    their order, a refused one as phase=reason. opens: a text that only the opened session prints; None: it must not
    open. says: a pattern for what the person saw, prompts included. asked: how many prompts there were, each exactly ours.
    """
    wrong = []
    if not wait_for(lambda: _road(jitd, attempt) == road, 3):
        wrong.append(f"road {_road(jitd, attempt)!r}, expected {road!r}")
    wrong += _wrong_with_session(jitd, attempt, road.split().count("open-session"))
    if opens is None and attempt.code in (0, "timeout"):
        wrong.append("it was not refused")
    if opens is not None and (attempt.code != 0 or opens not in attempt.output):
        wrong.append(f"it did not open ({opens!r} expected)")
    if says and not re.search(says, "\n".join(attempt.prompts + [attempt.output])):
        wrong.append(f"it does not say {says!r}")
    if asked is not None and (len(attempt.prompts) != asked or not all(map(OURS.fullmatch, attempt.prompts))):
        wrong.append(f"{asked} prompts expected: {attempt.prompts}")
    return check(name, not wrong, "; ".join(wrong + [repr(attempt)]))
