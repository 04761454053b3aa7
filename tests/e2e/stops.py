# SPDX-License-Identifier: Apache-2.0
"""
Stops in a PAM stack: a login waits at a place of it until the story lets it go on.

    pam("sshd", stopping(witnessed(), "session"))
    stop = Stop("127.3.0.1")  # whoever comes from there
    client = ssh_client("alice", "publickey", "id", source="127.3.0.1")
    hook = stop.reached()     # the process that stands there
    stop.go_on()
"""
import os

from harness import pathlib, re, wait_for

FOLDER = pathlib.Path("/run/stops")
PROGRAM = pathlib.Path("/usr/local/bin/e2e-stop")
NO_SOURCE = "local"  # sudo, su and login
TEXT = f"""#!/bin/sh
# Called by pam_exec. Whoever has a pipe here waits until it is written to; $PPID is the process of the stack.
pipe={FOLDER}/${{PAM_RHOST:-{NO_SOURCE}}}
[ -p "$pipe" ] && [ "$PAM_TYPE" != close_session ] || exit 0
echo "$PPID" >"$pipe.new"
mv "$pipe.new" "$pipe.reached"
read -r go <"$pipe"
rm "$pipe"
"""


def stopping(text, kind, module="pam_jit"):
    """The stack with a stop below that module's auth or account line, or above its session line."""
    FOLDER.mkdir(exist_ok=True)
    FOLDER.chmod(0o777)  # under sudo and su the program is the caller's
    PROGRAM.write_text(TEXT)
    PROGRAM.chmod(0o755)
    line = next(line for line in text.splitlines() if re.match(rf"{kind}\s+\w+\s+{module}\.so", line))
    stop = f"{kind} required pam_exec.so quiet {PROGRAM}"
    return text.replace(line, f"{stop}\n{line}" if kind == "session" else f"{line}\n{stop}")


class Stop:
    """One, for the next that comes from there."""

    def __init__(self, source=NO_SOURCE):
        self.pipe = FOLDER / source
        self.mark = FOLDER / f"{source}.reached"
        self.mark.unlink(missing_ok=True)
        os.mkfifo(self.pipe)

    def reached(self, seconds=20):
        """Waits until somebody stands there; gives the process whose stack it is."""
        if not wait_for(self.mark.exists, seconds):
            raise SystemExit(f"nobody reached {self.pipe}")
        return int(self.mark.read_text())

    def go_on(self):
        self.pipe.write_text("go\n")
