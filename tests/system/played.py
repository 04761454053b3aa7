# SPDX-License-Identifier: Apache-2.0
"""
played.py KEEP STORY [ARG...]: a story of tests/e2e in a machine that tests/system/boot booted. What it takes for programs
that it starts by hand are the units. Their log is a file; /dev/log is the story's, as in packaging/machine.
"""
import runpy
import sys

_, _keep, _story, *_arguments = sys.argv
sys.argv[0] = _story  # the harness calls the story's files after it

from units import *  # noqa: E402

import harness  # noqa: E402
import hosts  # noqa: E402
import units  # noqa: E402

WITHOUT_SYSTEMD = {"endings"}  # of what is out of a reaper's reach that makes no scopes, and of ends when jitd is down
NO_SYSTEMD = ["TemporaryFileSystem=/run/systemd:ro"]
BOOT_ID = "/proc/sys/kernel/random/boot_id"
DROP_IN = "/run/systemd/system/{}.d/story.conf"


class Main:
    """The main process of a unit, as subprocess has its own."""

    def __init__(self, unit):
        self.unit = unit
        self.pid = int(systemctl("show", "-P", "MainPID", unit))

    def poll(self):
        """Whatever it ended with, it never went down by itself."""
        return None if int(systemctl("show", "-P", "MainPID", self.unit)) == self.pid else 1

    def send_signal(self, how):
        os.kill(self.pid, how)


def drop_in(unit, *lines):
    path = pathlib.Path(DROP_IN.format(unit))
    text = "\n".join(["[Service]", *lines, ""])
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        systemctl("daemon-reload")


def log_to(path):
    return [f"{stream}=append:{path}" for stream in ("StandardOutput", "StandardError")]


class PlayedJitd(Units):
    def __init__(self, *arguments, environment=None):
        super().__init__(*arguments)
        self.environment = environment or {}

    def start(self, fresh=True):
        drop_in("jitd.service", *log_to(self.log), "ExecStart=", " ".join(["ExecStart=/usr/sbin/jitd", *self.arguments]),
                f"BindReadOnlyPaths={BOOT_ID}",  # in the unit's /proc it would be that of the kernel, whatever a story mounts
                *(f"Environment={name}={value}" for name, value in self.environment.items()))
        if fresh:
            systemctl("stop", *JITD)
            shutil.rmtree("/var/lib/jitd", ignore_errors=True)
        systemctl("reset-failed", *JITD, check=False)  # however often a story starts them
        super().start(fresh and not self.arguments)
        self.process = Main("jitd.service")
        return self

    def stop(self, how=signal.SIGTERM):
        PlayedJitd.running = None
        if how == signal.SIGKILL:
            systemctl("kill", "--signal=KILL", "jitd.service", check=False)
        systemctl("stop", "--job-mode=replace-irreversibly", *JITD)  # somebody who asks now would have it started


class PlayedReaper(harness.Reaper):
    def start(self):
        drop_in("jit-reaper.service", *log_to(self.log), *(NO_SYSTEMD if _story in WITHOUT_SYSTEMD else []))
        systemctl("start", *REAPER)
        self.process = Main("jit-reaper.service")
        return self

    def stop(self, how=signal.SIGTERM):
        systemctl("stop", *REAPER)


class PlayedHost(hosts.Host):
    """One whose jitd runs by copies of the units; these see the host's files, and its socket-dir by the place where it is."""

    def conf(self, text):
        super().conf(f'socket-dir = "{self.held}/run-jitd"\n{text}')

    def _copy(self, unit, *more):
        copy = f"host-{self.name}-{unit}"
        text = systemctl("cat", unit).replace("/run/jitd/", f"{self.held}/run-jitd/")
        text = re.sub(r"\bjitd(-pam)?\.(service|socket)", rf"host-{self.name}-\g<0>", text)
        pathlib.Path("/run/systemd/system", copy).write_text("\n".join([text, *more, ""]))
        return copy

    def jitd(self):
        service, *sockets = JITD
        units = [self._copy(service, "[Service]", f"BindPaths={self.held}/etc:/etc {self.held}/lib-jitd:/var/lib/jitd"),
                 *(self._copy(socket) for socket in sockets)]
        systemctl("daemon-reload")
        systemctl("stop", *units)
        systemctl("start", *units[1:], units[0])
        if not wait_for(lambda: self.run("root", "jitd-admin", "status", "--ready", timeout=20).code == 0, 30):
            raise SystemExit(f"jitd of {self.name} did not come up: {journal(units[0])}")


JITD = "jitd.service", "jitd-pam.socket", "jitd.socket"
REAPER = "jit-reaper.service", "jit-reaper.socket"
os.unlink("/dev/log")
subprocess.run(["umount", BOOT_ID], check=False)  # systemd-nspawn has put a file there that is nowhere else, a place for no mount
harness.syslog, harness.Reaper = harness.Syslog(), PlayedReaper
hosts.Host = PlayedHost
units.Jitd = harness.Jitd = PlayedJitd
sys.argv = [str(TOP / "tests" / "e2e" / f"{_story}.py"), _keep, *_arguments]
runpy.run_path(sys.argv[0], run_name="__main__")
