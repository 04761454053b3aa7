# SPDX-License-Identifier: Apache-2.0
"""Clients that mean harm: whatever they send, jitd lives, says no, keeps no descriptor, and serves the others."""
import array
import random
import socket
import struct
from harness import *
from wire import *

POLICY = """
rule "root" { who = {"alice"} scope = {"sudo:root"} approvers = {"bob"} }
"""


LIST_ALL, STATUS, REFUSED, VERDICT = head(21) + b"\4", head(34), 41, 6
CHECK = (head(1) + b"\2" + text(b"sudo") + text(b"alice") * 2 + text(b"") * 2 + struct.pack("<I", 2001) + text(b"") * 2
         + bytes(16) + b"\0")
REQUEST = head(20) + text(b"sudo:root") + struct.pack("<q", -2**63) + text(b"")


def closed(client):
    return answer(client)[0] == 0


def descriptors(jitd):
    return len(os.listdir(f"/proc/{jitd.process.pid}/fd"))


def settled(jitd, wanted):
    """Closing takes jitd a turn."""
    return wait_for(lambda: descriptors(jitd) <= wanted, 5)


def as_user(uid, function):
    """Runs it in a child of that uid; its exit code is the number that the function gives."""
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        try:
            os._exit(function())
        except BaseException as error:
            print("child:", error, flush=True)
            os._exit(250)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def still_serves(name):
    said = run("bob", "jitd-admin", "status")
    check(f"{name}: others are served", said.code == 0 and said.seconds < 5, said)


def packets():
    for name, path, packet in (
            ("no head", CLIENT, b"\1"), ("half a head", CLIENT, b"\1\0\1"), ("a zero-length packet", CLIENT, b""),
            ("an unknown message", CLIENT, head(999)), ("too short", CLIENT, REQUEST[:-1]), ("too long", CLIENT, REQUEST + b"x"),
            ("a length past the end", CLIENT, head(20) + b"\xff\xff"), ("a phase that is none", PAM, CHECK[:4] + b"\7" + CHECK[5:]),
            ("a NUL in a name", PAM, CHECK.replace(b"alice", b"al\0ce", 1)), ("16385 bytes", CLIENT, REQUEST.ljust(16385, b"x")),
            ("128 KiB", CLIENT, bytes(1 << 17)), ("PAM's message from a client", CLIENT, CHECK),
            ("a client's message from PAM", PAM, REQUEST), ("jitd's own message", CLIENT, head(40) + bytes(6)),
            ("an answer that nobody asked for", PAM, head(4) + b"\1" + text(b"secret"))):
        client = connect(path)
        client.send(packet)
        check(f"{name}: closed", closed(client))
        client.close()
    for path, wanted in (CLIENT, REFUSED), (PAM, VERDICT):
        client = connect(path)
        client.send(head(34, version=2))
        number, got = answer(client)
        check(f"version 2 on {path}: both numbers", number == wanted and b"version 1" in got and b"not 2" in got, got)
        client.close()
    client = connect()
    client.send(head(23) + struct.pack("<I", 0))  # waits for something to decide
    check("who waits for something to decide gets a sign of life", answer(client)[0] == 5)
    client.send(STATUS)
    check("a command while another runs: closed", closed(client))
    client.close()


def noise(seed=11, rounds=3000):
    pick = random.Random(seed)
    for _ in range(rounds):
        packet = bytearray(pick.choice((REQUEST, CHECK, LIST_ALL, head(26) + bytes(14))))
        for _ in range(pick.randrange(1, 6)):
            packet[pick.randrange(4, len(packet))] = pick.randrange(256)
        client = connect(pick.choice((CLIENT, PAM)))
        client.send(packet)
        client.close()


def pass_descriptors():
    client = connect()
    pipes = [end for _ in range(50) for end in os.pipe()]
    client.sendmsg([STATUS], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", pipes))])
    number, _ = answer(client)
    for end in pipes:
        os.close(end)
    client.close()
    return 0 if number == 46 else 1


def many_connections():
    """One user's connections end at a bound; returns how many were kept."""
    clients = []
    for _ in range(200):
        clients.append(connect())
    kept = 0
    for client in clients:
        try:
            client.send(STATUS)
            kept += answer(client)[0] == 46
        except OSError:
            pass
    return kept


def never_reads():
    """Asks for a long listing, many times over, and takes nothing of it; then vanishes."""
    clients = [connect() for _ in range(20)]
    for client in clients:
        client.send(LIST_ALL)
    return 0


pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
with Jitd() as jitd:
    run_id = request("alice", "sudo:root")
    run("alice", "jit", "cancel", str(run_id))
    before = descriptors(jitd)
    packets()
    noise()
    still_serves("noise")
    check("no descriptor is left", settled(jitd, before), f"{before} before, {descriptors(jitd)} after")
    check("a message with passed descriptors is answered", as_user(2003, pass_descriptors) == 0)
    check("passed descriptors are dropped", settled(jitd, before), f"{before} before, {descriptors(jitd)} after")
    kept = as_user(2003, many_connections)
    check("200 connections of one user: 64 are kept", kept == 64, str(kept))
    check("clients that never read", as_user(2003, never_reads) == 0)
    still_serves("clients that never read")
    refused = run("carol", "/usr/bin/python3", "-c", f"import socket; socket.socket(1, 5).connect('{PAM}')")
    check("pam.sock is root's", refused.code == 1 and "Permission" in refused.output, refused)
    grant("alice", "sudo:root", by="bob")
    cell("after all that: alice's sudo opens", jitd, run("alice", "sudo", "-n", "id", "-u"), opens="0")
    flood = [event for event in jitd.events() if event["event"] == "bad-packet"]
    told = sum(event["count"] for event in flood)
    check("a flood of bad packets is counted, not written out", len(flood) < 600, f"{len(flood)} events for {told}")
    check("jitd never went down", jitd.process.poll() is None)
finish()
