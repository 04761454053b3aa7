# SPDX-License-Identifier: Apache-2.0
"""
For stories that run as root inside packaging/machine, with pam-jit installed: people who try things, a jitd to start,
stop and hang, and what jitd and syslog wrote about each attempt. A story prints a line for each check:

    from harness import *
    sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
    policy(RULE)
    with Jitd() as jitd:
        cell("no access", jitd, run("alice", "sudo", "id"), opens=False, reason="no-access")
        grant("alice", "sudo:root", by="bob")
        cell("active", jitd, run("alice", "sudo", "id"), opens="uid=0(root)")
    finish()
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pexpect

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
AS = str(TOP / "packaging" / "as")
KEEP = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path("/tmp")
STORY = pathlib.Path(sys.argv[0]).stem

# ---- checks ----

_counts = {"ok": 0, "not ok": 0}


def check(name, good, why=""):
    """One check, one line. Returns whether it was good."""
    word = "ok" if good else "not ok"
    _counts[word] += 1
    print(f"{word} - {name}" + ("" if good else ": " + " ".join(str(why).split())), flush=True)
    return bool(good)


def finish():
    """Ends the story: 1 if a check failed or none was made."""
    shutil.copy(syslog.path, KEEP / f"{STORY}.syslog")
    print(f"# {_counts['ok']} ok, {_counts['not ok']} not ok")
    sys.exit(0 if _counts["ok"] and not _counts["not ok"] else 1)


# ---- syslog ----


class Syslog(threading.Thread):
    """/dev/log of this machine, into a file and a list."""

    def __init__(self):
        super().__init__(daemon=True)
        self.path = "/var/log/e2e.syslog"
        self.lines = []
        self.senders = []  # of each line: the process, by the kernel's word
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        open(self.path, "w").close()
        self.start()

    def run(self):
        with open(self.path, "a", errors="replace") as file:
            while True:
                data, credentials, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(12))
                line = data.decode(errors="replace").rstrip("\0\n")
                self.senders.append(struct.unpack("3i", credentials[0][2][:12])[0] if credentials else 0)
                self.lines.append(line)
                print(line, file=file, flush=True)

    def mark(self):
        return len(self.lines)

    def find(self, pattern, since=0, seconds=2):
        """The first line since a mark that matches, waiting for it; None."""
        return wait_for(lambda: next((l for l in self.lines[since:] if re.search(pattern, l)), None), seconds)

    def sent(self, since):
        """All lines after a mark, each with its sender; what was sent before this call has arrived."""
        last = f"<15>mark {time.monotonic_ns()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(last.encode(), "/dev/log")
        if not wait_for(lambda: last in self.lines[since:], 10):
            raise SystemExit("/dev/log does not arrive")
        return list(zip(self.lines[since:], self.senders[since:]))

    def of(self, attempt):
        """All that the attempt's very processes wrote; what was sent before this call has arrived."""
        pids = attempt.pids
        return [line for line, sender in self.sent(attempt.log_mark) if sender in pids]


def wait_for(what, seconds):
    """Polls until `what` gives something true; gives that, or its last value."""
    deadline = time.monotonic() + seconds
    while not (value := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


class Journal:
    """Where systemd runs, /dev/log is journald's."""
    path, lines = "/dev/null", []

    def mark(self):
        return 0


syslog = Journal() if os.path.isdir("/run/systemd/system") else Syslog()

# ---- configuration of the machine ----


def sudoers(*lines):
    """/etc/sudoers.d/e2e holds exactly these lines."""
    path = pathlib.Path("/etc/sudoers.d/e2e")
    path.write_text("".join(line + "\n" for line in lines))
    path.chmod(0o440)
    subprocess.run(["visudo", "-cq"], check=True)


def pam(service, text=None):
    """The stack of a service: ours as published in packaging/pam, or this text."""
    target = pathlib.Path("/etc/pam.d") / service
    if text is None:
        shutil.copy(TOP / "packaging" / "pam" / service, target)
    else:
        target.write_text(text)


def policy(text, name="10-e2e.conf"):
    """The policy is exactly this file; a running jitd needs reload()."""
    folder = pathlib.Path("/etc/jitd/policy.d")
    for old in folder.iterdir():
        old.unlink()
    (folder / name).write_text(text)


# ---- people ----


class Attempt:
    """What somebody ran: its code ("timeout" if it hung), output, pid, and where the logs stood before."""

    def __init__(self, jitd=None):
        self.log_mark = syslog.mark()
        self.event_mark = jitd.last_event() if jitd else 0
        self.begun = time.monotonic()
        self.pid, self.code, self.output = 0, None, ""

    @property
    def pids(self):
        """Its processes that PAM clients can be."""
        return {self.pid}

    def ended(self, code, output):
        self.code, self.output = code, output
        self.seconds = time.monotonic() - self.begun
        return self

    def __repr__(self):
        return f"exit {self.code} after {self.seconds:.1f} s: {self.output.strip()!r}"


def _argv(user, argv, login_uid):
    return [AS] + ([] if login_uid else ["--no-loginuid"]) + [user] + list(argv)


def run(user, *argv, stdin="", login_uid=True, timeout=30):
    """As that user, in a session without a terminal; root as it is. The attempt's pid is the command's own."""
    attempt = Attempt(Jitd.running)
    process = subprocess.Popen(_argv(user, argv, login_uid), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
    attempt.pid = process.pid
    try:
        output, _ = process.communicate(stdin, timeout=timeout)
        return attempt.ended(process.returncode, output)
    except subprocess.TimeoutExpired:
        process.kill()
        return attempt.ended("timeout", process.communicate()[0] or "")


def run_pty(user, *argv, answers=(), login_uid=True, timeout=30, hangs_up=False):
    """The same on a terminal of its own. `answers`: (pattern, reply) pairs, each used as often as it is asked;
    a reply that is a function is called with the pexpect child (child.sendintr() is Ctrl-C). hangs_up: the command hangs
    its terminal up before it asks, as login does; that is not yet the end of the output."""
    attempt = Attempt(Jitd.running)
    command = _argv(user, argv, login_uid)
    child = pexpect.spawn(command[0], command[1:], timeout=timeout, encoding="utf-8", codec_errors="replace")
    child.delaybeforesend = 0.2  # sudo drops what was typed before it turned echo off
    attempt.pid = child.pid
    terminal = os.open(f"/proc/{child.pid}/fd/0", os.O_RDWR | os.O_NOCTTY) if hangs_up else None
    patterns = [pattern for pattern, _ in answers] + [pexpect.EOF, pexpect.TIMEOUT]
    output = ""
    while True:
        which = child.expect(patterns)
        output += child.before or ""
        if terminal is not None:
            terminal = os.close(terminal)
        if which >= len(answers):
            break
        output += child.after
        reply = answers[which][1]
        reply(child) if callable(reply) else child.sendline(reply)
    if which == len(patterns) - 1:
        child.close(force=True)
        return attempt.ended("timeout", output)
    child.close()
    return attempt.ended(child.exitstatus if child.signalstatus is None else -child.signalstatus, output)


# ---- jitd ----


class Jitd:
    """jitd started by hand as root, with an empty store unless told otherwise."""

    running = None  # the one that attempts are marked against

    def __init__(self, *arguments, environment=None):
        self.arguments = list(arguments)
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        self.log = KEEP / f"{STORY}.jitd.log"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @staticmethod
    def _let_ask():
        """Stories ask more often within a minute than people do."""
        conf = pathlib.Path("/etc/jitd/jitd.conf")
        if conf.is_file() and "\nrequests-per-minute" not in conf.read_text():
            with conf.open("a") as more:
                more.write("\nrequests-per-minute = 2000\n")

    def start(self, fresh=True):
        if not self.arguments:
            self._let_ask()
        if fresh:
            shutil.rmtree("/var/lib/jitd", ignore_errors=True)
            subprocess.run("install -d -m 755 /run/jitd; install -d -m 700 -o jitd -g jitd /var/lib/jitd", shell=True,
                           check=True)
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(["jitd"] + self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment, start_new_session=True)
        ready = wait_for(lambda: self.process.poll() is not None or self._ready(), 20)
        if not ready or self.process.poll() is not None:
            raise SystemExit("jitd did not come up: " + self.log.read_text()[-2000:])
        Jitd.running = self
        return self

    @staticmethod
    def _ready():
        try:  # it waits for a jitd that is not there yet
            return subprocess.run(["jitd-admin", "status", "--ready"], capture_output=True, timeout=2).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def stop(self, how=signal.SIGTERM):
        """Ends it and waits; gives its exit code."""
        Jitd.running = None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
        return self.process.wait(20)

    def kill(self):
        return self.stop(signal.SIGKILL)

    def hang(self):
        """It neither answers nor hangs up until go_on()."""
        Jitd.running = None
        self.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T", 5)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)
        Jitd.running = self

    def reload(self):
        return subprocess.run(["jitd-admin", "policy", "reload"], capture_output=True, text=True, timeout=20)

    def events(self, since=0, pids=None):
        """Events after that one, oldest first; of these processes if told."""
        got = subprocess.run(["jitd-admin", "audit", "list", "--json"], capture_output=True, text=True, timeout=20)
        if got.returncode != 0:
            raise SystemExit(f"jitd-admin audit list --json: {got}")
        return [event for event in json.loads(got.stdout or "[]")
                if event["id"] > since and (pids is None or event["pid"] in pids)]

    def last_event(self):
        return max((event["id"] for event in self.events()), default=0)

    def find(self, attempt, seconds=3, pid=True, **wanted):
        """The events of an attempt (of its very processes, unless pid=False) with these values; waits for the first."""
        def found():
            return [event for event in self.events(attempt.event_mark, attempt.pids if pid else None)
                    if all(event[key] == value for key, value in wanted.items())]
        return wait_for(found, seconds)


class Reaper:
    """jit-reaper started by hand as root, beside jitd."""

    def __init__(self):
        self.process = None
        self.log = KEEP / f"{STORY}.reaper.log"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        pathlib.Path("/run/jitd").mkdir(mode=0o755, exist_ok=True)
        with open(self.log, "a") as log:
            mark = log.tell()
            self.process = subprocess.Popen(["jit-reaper", "--listen", "/run/jitd/reaper.sock"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        if not wait_for(lambda: "ready" in self.log.read_text()[mark:] or self.process.poll() is not None, 10):
            raise SystemExit("jit-reaper did not come up: " + self.log.read_text()[-2000:])
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(20)


# ---- what people do with it ----


def request(user, scope, *more, reason="a test"):
    """Asks; gives the number of the access."""
    made = run(user, "jit", "request", scope, "--reason", reason, "--no-wait", "--json", *more)
    if made.code != 0:
        raise SystemExit(f"jit request {scope} as {user}: {made}")
    return json.loads(made.output)["id"]


def approve(user, access, *more):
    said = run(user, "jitd-admin", "approve", str(access), *more)
    if said.code != 0:
        raise SystemExit(f"jitd-admin approve {access} as {user}: {said}")
    return access


def revoke(user, access):
    said = run(user, "jitd-admin", "revoke", str(access))
    if said.code != 0:
        raise SystemExit(f"jitd-admin revoke {access} as {user}: {said}")


def grant(user, scope, *more, by):
    """An active access."""
    return approve(by, request(user, scope, *more))


def state(access):
    shown = subprocess.run(["jitd-admin", "show", str(access), "--json"], capture_output=True, text=True, timeout=20)
    return json.loads(shown.stdout)["state"]


# ---- a cell of the matrix ----


def cell(name, jitd, attempt, opens, says=None, reason=None, log=None, within=None, pid=True, **event):
    """
    One attempt and what became of it. opens: False, or a text that only the opened command prints.
    An attempt that jitd decided counts only with its event for that very process: verdict allow, or deny with
    `reason` (and whatever else `event` names). With `log`, jitd was stopped or hung: the module's syslog line counts.
    says: a pattern for what the person saw. within: seconds.
    """
    wrong = []
    if opens is False:
        if attempt.code == 0 or attempt.code == "timeout":
            wrong.append("it was not refused")
    elif attempt.code != 0 or opens not in attempt.output:
        wrong.append(f"it did not open ({opens!r} expected)")
    if says and not re.search(says, attempt.output):
        wrong.append(f"it does not say {says!r}")
    if within and attempt.seconds > within:
        wrong.append(f"it took more than {within} s")
    if log:
        if not syslog.find(log, attempt.log_mark):
            wrong.append(f"no line {log!r} in syslog: {syslog.lines[attempt.log_mark:]}")
    else:
        wanted = dict(event, verdict="deny" if opens is False else "allow")
        if reason:
            wanted["reason"] = reason
        if not jitd.find(attempt, pid=pid, **wanted):
            wrong.append(f"no event {wanted}; there are {jitd.events(attempt.event_mark)}")
    return check(name, not wrong, "; ".join(wrong + [repr(attempt)]))
