# SPDX-License-Identifier: Apache-2.0
"""
How long sshd takes to ask and to refuse, where nobody vouches: for a user that does not exist, one without access, and
one with an access, with the same wrong token and with other wrong answers. In turns, so that all meet the same noise;
JIT_TRIES of each (300). Prints medians and their ratio to the first; decides nothing.

    packaging/machine --build BUILD /usr/bin/python3 tests/bench/refusals.py
"""
import os
import pathlib
import pty
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from harness import AS, Jitd, grant, pam, policy, run  # noqa: E402
from ssh_door import HOST, Sshd  # noqa: E402

TRIES = int(os.environ.get("JIT_TRIES", 300))
PORT = 2901
POLICY = """
rule "own" { who = {"alice"} scope = {"ssh:alice"} approvers = {"carol"} }
"""


def read_until(terminal, text):
    """What came by then, and when; the end of the terminal counts as well."""
    data = b""
    while text not in data:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        data += part
    return data, time.perf_counter()


def attempt(account, answer, number):
    """Milliseconds from the start to the prompt, and from the answer to the end."""
    argv = [AS, "bob", "ssh", "-p", str(PORT), "-o", f"BindAddress=127.8.{number // 250}.{number % 250 + 1}",
            "-o", "PreferredAuthentications=keyboard-interactive", "-o", "NumberOfPasswordPrompts=1", f"{account}@{HOST}"]
    begun = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    _, asked = read_until(terminal, b"code: ")
    time.sleep(0.02)  # ssh drops what comes before it turned echo off
    answered = time.perf_counter()
    os.write(terminal, answer.encode() + b"\n")
    data, refused = read_until(terminal, b"Permission denied")
    os.close(terminal)
    os.waitpid(pid, 0)
    if b"that opens nothing here" not in data:
        raise SystemExit(f"{account}: not refused: {data!r}")
    return (asked - begun) * 1000, (refused - answered) * 1000


def broken(token):
    return token[:-40] + ("A" if token[-40] != "A" else "B") + token[-39:]


def main():
    pam("sshd")
    policy(POLICY)
    with Sshd("keyboard-interactive", PORT), Jitd():
        access = grant("alice", "ssh:alice", by="carol")
        wrong = broken(run("alice", "jit", "token", str(access)).output.strip())
        cases = {"unknown user": ("mallory", wrong), "no access": ("bob", wrong), "wrong token": ("alice", wrong),
                 "unknown user, again": ("mallory", wrong), "login password": ("alice", "pw-alice"),
                 "no access, nonsense": ("bob", "pw-alice")}
        times = {case: ([], []) for case in cases}
        for number in range(TRIES):
            for case, (account, answer) in cases.items():
                for kept, spent in zip(times[case], attempt(account, answer, number)):
                    kept.append(spent)
    print(f"{TRIES} tries each; load {os.getloadavg()[0]:.1f}; milliseconds, medians (quartiles), ratio to the first")
    first = [statistics.median(kept) for kept in times["unknown user"]]
    for case, both in times.items():
        print(f"{case:22}", end="")
        for name, kept, base in zip(("to the prompt", "to the refusal"), both, first):
            low, median, high = statistics.quantiles(kept, n=4)
            print(f"  {name} {median:6.1f} ({low:.1f} to {high:.1f}) {median / base:5.3f}", end="")
        print()


main()
