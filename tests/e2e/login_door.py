# SPDX-License-Identifier: Apache-2.0
"""The console for stories: login(1) of root, on a terminal of its own, as a getty would start it."""
import signal

from harness import run_pty

TOKEN, PASSWORD, SHELL, NAME = "JIT token or code: ", "Password: ", r"pam-jit:[^\n]*[$#] ", "(?<!Last )login: "


def login(name, *, token="", password=None, typed=False, command="id", timeout=30):
    """Somebody sits down there: `login NAME`, or the name typed at its prompt. What they answer: a token or code, and a
    password (their own). In the shell they run the command. Asked for the name once more they go away."""
    names = [name] if typed else []

    def asked_name(child):
        child.sendline(names.pop()) if names else child.kill(signal.SIGKILL)

    def in_shell(child):
        child.sendline(f"{command}; exit $?")

    return run_pty("root", "login", *([] if typed else [name]), timeout=timeout,
                   answers=[(TOKEN, token() if callable(token) else token),
                            (PASSWORD, f"pw-{name}" if password is None else password),
                            (SHELL, in_shell), (NAME, asked_name)])
