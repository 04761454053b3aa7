# SPDX-License-Identifier: Apache-2.0
"""
What a session can leave running. As a program (kinds.py FOLDER KIND...) it runs in the session, starts a process of each
kind and stays; each one writes who it is to FOLDER/KIND. For stories: Kinds.
"""
import os
import pathlib
import signal
import subprocess
import sys
import time


def _identity(pid):
    """Number and start time; None: it is dead."""
    try:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else f"{pid} {fields[19]}"


# ---- in the session ----


def _lives(folder, name):
    partial = pathlib.Path(folder, "." + name)
    partial.write_text(_identity(os.getpid()))
    partial.rename(pathlib.Path(folder, name))
    while True:
        time.sleep(100)


def _child(body):
    pid = os.fork()
    if pid == 0:
        try:
            body()
        finally:
            os._exit(1)
    return pid


def _ignore(*signals):
    for number in signals:
        signal.signal(number, signal.SIG_IGN)


def _orphan(body):
    """Its parent is gone, its terminal session is the same."""
    os.waitpid(_child(lambda: (_child(body), os._exit(0))), 0)


def _daemon(body):
    """Neither parent nor terminal session is left: as any daemon does it."""
    def leads():
        os.setsid()
        _child(body)
        os._exit(0)
    os.waitpid(_child(leads), 0)


def _ptraced(folder, name):
    subprocess.Popen(["strace", "-f", "-o", "/dev/null", "/usr/bin/python3", __file__, folder, "=" + name],
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _bomb(folder, name):
    """Forks as long as it lives; each of its children forks once more and leaves."""
    def forks():
        pathlib.Path(folder, name).write_text(_identity(os.getpid()))
        while True:
            _orphan(lambda: time.sleep(100))
            time.sleep(0.05)
    _child(forks)


STARTS = {
    "background": lambda folder, name: _child(lambda: _lives(folder, name)),
    "nohup": lambda folder, name: _child(lambda: (_ignore(signal.SIGHUP), _lives(folder, name))),
    "setsid": lambda folder, name: _child(lambda: (os.setsid(), _lives(folder, name))),
    "orphan": lambda folder, name: _orphan(lambda: _lives(folder, name)),
    "ignores": lambda folder, name: _child(lambda: (_ignore(signal.SIGHUP, signal.SIGTERM, signal.SIGINT), _lives(folder, name))),
    "stopped": lambda folder, name: _child(lambda: (_child(lambda: _stop_parent(folder, name)), _lives(folder, name))),
    "bash": lambda folder, name: subprocess.Popen(["script", "-qfec", f"exec bash --norc -i <<<'/usr/bin/python3 {__file__} {folder} ={name}'", "/dev/null"],
                                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
    "ptraced": _ptraced,
    "daemon": lambda folder, name: _daemon(lambda: _lives(folder, name)),
    "clean daemon": lambda folder, name: _daemon(lambda: os.execve("/usr/bin/python3", ["python3", __file__, folder, "=" + name], {})),
    "bomb": _bomb,
}
# where these programs are
MORE = {
    "tmux": lambda folder, name: subprocess.run(["tmux", "-L", pathlib.Path(folder).name, "new-session", "-d",
                                                 f"exec /usr/bin/python3 {__file__} {folder} ={name}"], check=True),
    "user unit": lambda folder, name: subprocess.run(["systemd-run", "--user", "--quiet", "/usr/bin/python3", __file__, folder,
                                                      "=" + name], check=True),
}


def _stop_parent(folder, name):
    while not pathlib.Path(folder, name).exists():
        time.sleep(0.01)
    os.kill(os.getppid(), signal.SIGSTOP)
    os._exit(0)


# ---- in the story ----


class Kinds:
    """A folder of them. argv: what is run in the session."""

    def __init__(self, folder, *names):
        self.folder = pathlib.Path(folder)
        self.names = names or tuple(STARTS)
        self.folder.mkdir(mode=0o777)
        self.folder.chmod(0o777)

    @property
    def argv(self):
        return ["/usr/bin/python3", __file__, str(self.folder), *self.names]

    def started(self, seconds=20):
        """Waits for all of them; those that did not come."""
        deadline = time.monotonic() + seconds
        while (missing := [name for name in (*self.names, "command") if not (self.folder / name).exists()]) and \
                time.monotonic() < deadline:
            time.sleep(0.02)
        return missing

    def alive(self):
        """The names of those that live."""
        return sorted(path.name for path in self.folder.iterdir()
                      if (text := path.read_text()) and _identity(text.split()[0]) == text)

    def all_dead(self, seconds, but=()):
        """Waits until none lives but these; gives who lives and ought not to, and how long it took."""
        begun = time.monotonic()
        while (left := [name for name in self.alive() if name not in but]) and time.monotonic() < begun + seconds:
            time.sleep(0.01)
        return left, time.monotonic() - begun

    def kill(self):
        for name in self.alive():
            os.kill(int((self.folder / name).read_text().split()[0]), signal.SIGKILL)


if __name__ == "__main__":
    where, wanted = sys.argv[1], sys.argv[2:]
    os.umask(0)
    for one in wanted:
        if one.startswith("="):
            _lives(where, one[1:])
        (STARTS | MORE)[one](where, one)
    _lives(where, "command")
