# SPDX-License-Identifier: Apache-2.0
"""
Where a bench runs: the programs under test, a throw-away folder, who the person at the door is. As root this is inside
packaging/machine, where alice is, jitd runs as another user and her real uid stands beside root's effective one, as under
sudo. Anybody else is that person and runs jitd too.
"""
import ctypes
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ROOT = os.geteuid() == 0
DAEMON = "games"  # who root's jitd becomes: of every Debian
PERSON = pwd.getpwnam("alice") if ROOT else pwd.getpwuid(os.getuid())


class Place:
    """The programs of a build, and a folder on its disk that goes when the bench ends."""

    def __init__(self, build, results):
        self.build, self.results = pathlib.Path(build).resolve(), pathlib.Path(results).resolve()
        self.results.mkdir(parents=True, exist_ok=True)
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="work.", dir=self.results))
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="jit-bench."))  # names of sockets are short
        for folder in (self.disk, self.sockets):
            folder.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.disk, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def program(self, name):
        return str(self.build / name)

    def module(self, name):
        found = self.build / os.path.dirname(name) / ".libs" / os.path.basename(name)
        return str((found if found.exists() else self.build / name).resolve())

    def folder(self, name):
        made = self.disk / name
        made.mkdir(parents=True)
        return made

    def stack(self, name, service, line):
        """A folder of service files, of which one asks this module; all else refuses."""
        folder = self.folder(f"stack-{name}")
        (folder / service).write_text(f"auth required {line}\naccount required pam_permit.so\n")
        (folder / "other").write_text("auth required pam_deny.so\naccount required pam_deny.so\n")
        return folder


def as_person(*argv, **more):
    """Runs a command as the person at the door; its standard output."""
    command = [str(TOP / "packaging" / "as"), PERSON.pw_name] if ROOT else []
    return said([*command, *argv], **more)


def said(argv, timeout=120, **more):
    done = subprocess.run([str(word) for word in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=timeout, check=False, **more)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, argv))}: ended with {done.returncode}: {done.stderr[-2000:]}"
                         f"{done.stdout[-500:]}")
    return done.stdout


def measured(argv, timeout=600, env=None):
    """What one of the programs of load.h tells."""
    return json.loads(said(argv, timeout=timeout, env=env))


# ---- daemons ----


class Daemon:
    """A process of ours, ready when it prints a line that holds `ready`, or at once; ends with the bench."""

    def __init__(self, argv, ready=None, log=None, **more):
        out = subprocess.PIPE if ready else open(log or os.devnull, "ab")
        self.process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=out,
                                        stderr=open(log, "ab") if log else None, preexec_fn=die_with_parent, **more)
        self.pid = self.process.pid
        if ready and not any(ready in line for line in iter(self.process.stdout.readline, b"")):
            raise SystemExit(f"bench: {argv[0]} did not come up")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def only_child(pid):
    """Of a program like strace, which passes no signal on."""
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def die_with_parent():
    """PR_SET_PDEATHSIG, for a bench that is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def processor_us(pid):
    """Processor time of all threads of a process so far, in microseconds."""
    spent = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            spent += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass  # a thread that just ended
    return spent / 1000


def kibibytes(pid, what="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1])
    return 0


class Notified:
    """Where a daemon says READY=1 (sd_notify)."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)

    def wait(self, process, seconds=120):
        self.socket.settimeout(0.2)
        for _ in range(seconds * 5):
            try:
                if b"READY=1" in self.socket.recv(4096):
                    return True
            except TimeoutError:
                if process.poll() is not None:
                    return False
        return False

    def close(self):
        self.socket.close()
        os.unlink(self.path)
