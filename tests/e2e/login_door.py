# SPDX-License-Identifier: Apache-2.0
"""The console for stories: login(1) of root, on a terminal of its own, as a getty would start it."""
import pathlib
import re
import signal
import subprocess

from harness import pam, run_pty

TOKEN, PASSWORD, SHELL, NAME = "JIT token or code: ", "Password: ", r"pam-jit:[^\n]*[$#] ", "pam-jit login: "
ROOT = "pw-root"


def root_password():
    """Root has none in the machine."""
    subprocess.run(["chpasswd", "-c", "SHA512"], input=f"root:{ROOT}\n", text=True, check=True)


def no_delays(stack):
    """The stack, and what stands around it, without the seconds that a refusal costs."""
    pam("common-auth", "auth required pam_unix.so nullok nodelay\n")
    settings = pathlib.Path("/etc/login.defs")
    settings.write_text(re.sub(r"(?m)^FAIL_DELAY.*", "FAIL_DELAY 0", settings.read_text()))
    return stack.replace("delay=3000000", "delay=0")


def login(name, *, token="", password=None, typed=False, names=(), command="id", timeout=30):
    """Somebody sits down there: `login NAME`, or the name typed at its prompt. What they answer: a token or code, and a
    password (their own), one text or a list of them in their turn. Asked for the name again they type the next of
    `names`, or go away. In the shell they run the command; without one the code is 1, whatever login made of it."""
    shells = []
    left = ([name] if typed else []) + list(names)

    def in_turn(texts):
        texts = iter([texts] * 99 if isinstance(texts, str) else texts)
        return lambda child: child.sendline(next(texts))

    def asked_name(child):
        child.sendline(left.pop(0)) if left else child.kill(signal.SIGKILL)

    def in_shell(child):
        shells.append(child.sendline(f"{command}; exit $?"))

    attempt = run_pty("root", "login", *([] if typed else [name]), timeout=timeout, hangs_up=True,
                      answers=[(TOKEN, in_turn(token)), (PASSWORD, in_turn(f"pw-{name}" if password is None else password)),
                               (SHELL, in_shell), (NAME, asked_name)])
    if not shells and attempt.code != "timeout":
        attempt.code = 1
    return attempt
