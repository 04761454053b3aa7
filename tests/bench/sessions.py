# SPDX-License-Identifier: Apache-2.0
"""
What open sessions cost jitd at rest: how often its threads wake up, its memory, with none and with JIT_SESSIONS (1000),
each of a process of its own, opened by root on pam.sock; over JIT_SECONDS (60). Prints, and decides nothing.

    packaging/machine --build BUILD /usr/bin/python3 tests/bench/sessions.py
"""
import os
import pathlib
import secrets
import signal
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from harness import Jitd, Reaper, grant, json, policy, run, wait_for  # noqa: E402
from wire import PAM, answer, connect, head, text  # noqa: E402

SESSIONS, SECONDS = int(os.environ.get("JIT_SESSIONS", 1000)), int(os.environ.get("JIT_SECONDS", 60))
CHECK, VERDICT = 1, 6
ACCOUNT, OPEN_SESSION = 2, 3
POLICY = """
rule "root" { who = {"alice"} scope = {"sudo:root"} approvers = {"bob"} max = "1h" default = "1h" }
"""


def check(phase, user, handle):
    """One hook of a sudo by alice; the verdict's decision, and what it says."""
    client = connect(PAM, seconds=30)
    client.send(head(CHECK) + struct.pack("<B", phase) + text(b"sudo") + text(user) + text(b"alice") + text(b"") +
                text(b"/dev/pts/7") + struct.pack("<I", 2001) + text(b"") + text(b"") + handle + struct.pack("<B", 0))
    number, got = answer(client)
    while number not in (VERDICT, 0):
        number, got = answer(client)
    client.close()
    return got


def be_session(ready):
    """As sudo does it: account for the caller, open_session for the target; then it stays."""
    os.setsid()
    handle = secrets.token_bytes(16)
    check(ACCOUNT, b"alice", handle)
    said = check(OPEN_SESSION, b"root", handle)
    os.write(ready, struct.pack("<H", len(said)) + said)
    while True:
        signal.pause()


def open_session():
    come, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            be_session(go)
        finally:
            os._exit(1)
    os.close(go)
    said = os.read(come, 4096)
    os.close(come)
    return pid, said[2:]


def threads(pid):
    return [pathlib.Path(f"/proc/{pid}/task", task, "status").read_text() for task in os.listdir(f"/proc/{pid}/task")]


def number(status, name):
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(name + ":")))


def switches(pid):
    return sum(number(status, name) for status in threads(pid) for name in ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"))


def ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def rest(name, pid):
    time.sleep(2)
    before, used = switches(pid), ticks(pid)
    time.sleep(SECONDS)
    woken, used = switches(pid) - before, ticks(pid) - used
    memory = number(open(f"/proc/{pid}/status").read(), "VmRSS")
    print(f"{name:14} {woken / SECONDS:7.2f} wakeups/s   {used * 10 / SECONDS:7.3f} ms of CPU a second   RSS {memory / 1024:6.1f} MiB   "
          f"{len(os.listdir(f'/proc/{pid}/fd'))} descriptors", flush=True)


def sessions():
    return json.loads(run("root", "jitd-admin", "sessions", "--json").output)


def end_all(pids):
    begun = time.monotonic()
    said = run("root", "jitd-admin", "revoke", "--all", timeout=120)
    returned = time.monotonic() - begun
    for _ in pids:
        os.wait()
    print(f"revoke --all: {said.output.strip()}; it returned after {returned:.2f} s, the last one was dead {time.monotonic() - begun:.2f} s "
          "after it was typed")
    left = wait_for(lambda: not sessions(), 30)
    print("all are closed" if left else "not all are closed")


def main():
    policy(POLICY)
    with Reaper(), Jitd() as jitd:
        pid = jitd.process.pid
        grant("alice", "sudo:root", by="bob")
        print(f"load {os.getloadavg()[0]:.1f}")
        rest("no session", pid)
        begun = time.monotonic()
        opened = [open_session() for _ in range(SESSIONS)]
        if len(sessions()) != SESSIONS:
            raise SystemExit(f"{len(sessions())} sessions are open: {opened[-1]}")
        print(f"{SESSIONS} sessions opened in {time.monotonic() - begun:.1f} s")
        rest(f"{SESSIONS} sessions", pid)
        end_all([pid for pid, _ in opened])


main()
