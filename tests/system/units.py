# SPDX-License-Identifier: Apache-2.0
"""For stories in a machine that tests/system/boot booted: jitd and jit-reaper as units."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from harness import *  # noqa: E402


def systemctl(*words, check=True):
    return subprocess.run(["systemctl", *words], check=check, capture_output=True, text=True).stdout.strip()


class Units(Jitd):
    """jitd.service and its sockets."""

    def start(self, fresh=True):
        if fresh:
            self._let_ask()
        systemctl("start", "jitd-pam.socket", "jitd.socket", "jitd.service")
        if not wait_for(self._ready, 20):
            raise SystemExit("jitd does not come up: " + systemctl("status", "jitd.service", check=False))
        Jitd.running = self
        return self

    def stop(self, how=signal.SIGTERM):
        Jitd.running = None
        systemctl("stop", "jitd.service", "jitd-pam.socket", "jitd.socket")

    def kill_and_keep_down(self):
        Jitd.running = None
        systemctl("kill", "--signal=KILL", "jitd.service")
        self.stop()

    def restart(self):
        systemctl("restart", "jitd.service")
        self._is_back()

    def crash(self):
        """Killed; systemd starts it again."""
        pid = systemctl("show", "-P", "MainPID", "jitd.service")
        systemctl("kill", "--signal=KILL", "jitd.service")
        wait_for(lambda: systemctl("show", "-P", "MainPID", "jitd.service") not in ("0", pid), 20)
        self._is_back()

    def _is_back(self):
        if not wait_for(self._ready, 20):
            raise SystemExit("jitd does not come back: " + systemctl("status", "jitd.service", check=False))


def journal(*units):
    """Units that are there, or patterns."""
    return subprocess.run(["journalctl", *(f"--unit={unit}" for unit in units), "--output", "cat", "--no-pager"], capture_output=True, text=True).stdout
