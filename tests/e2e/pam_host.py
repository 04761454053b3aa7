# SPDX-License-Identifier: Apache-2.0
"""
Logins as sshd makes them, without the network: pam_host.c, for stories that want thousands, or 64 at the same instant.

    results = logins([Login("alice", "127.2.0.1", code)] * 64)
    opened = [result for result in results if result.opened == SUCCESS]
"""
import re
import subprocess
import threading
from typing import NamedTuple

from harness import TOP, pathlib

PROGRAM = pathlib.Path("/usr/local/bin/e2e-pam-host")
SUCCESS, NOT_REACHED = 0, -1
UNSAFE = re.compile(rb"[^ -\[\]-~]")


class Login(NamedTuple):
    """answer: a line, or any bytes but NUL."""
    user: str
    source: str
    answer: object

    def line(self):
        answer = self.answer
        if isinstance(answer, bytes):
            answer = UNSAFE.sub(lambda found: b"\\x%02x" % found[0][0], answer).decode()
        return f"{self.user}\t{self.source}\t{answer}\n"


class Result(NamedTuple):
    """PAM's codes; opened: of open_session, which the leader asks for."""
    leader: int
    child: int
    auth: int
    account: int
    opened: int
    prompts: int
    prompt: str
    said: str


BUILDING = threading.Lock()  # stories have threads that log in


def build():
    source = TOP / "tests" / "e2e" / "pam_host.c"
    with BUILDING:
        if not PROGRAM.exists():
            subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-o", PROGRAM, source,
                            "-lpam"], check=True)


def logins(wanted, at_a_time=None, service="sshd", timeout=120):
    """All at once, each answering its prompt when every one waits there; or so many at a time. Gives their results."""
    build()
    argv = [PROGRAM, service] + ([str(at_a_time)] if at_a_time else [])
    told = subprocess.run(argv, input="".join(login.line() for login in wanted), text=True,
                          stdout=subprocess.PIPE, timeout=timeout, check=True).stdout
    results = {}
    for line in told.splitlines():
        number, *codes, prompt, said = line.split("\t")
        results[int(number)] = Result(*map(int, codes), prompt, said)
    if len(results) != len(wanted):
        raise SystemExit(f"pam_host: {len(results)} of {len(wanted)} logins came to an end")
    return [results[number] for number in range(len(wanted))]
