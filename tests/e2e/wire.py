# SPDX-License-Identifier: Apache-2.0
"""As much of wire/PROTOCOL.md as stories speak by themselves."""
import socket
import struct

CLIENT, PAM = "/run/jitd/jitd.sock", "/run/jitd/pam.sock"
EXPLAIN, STEP, END = 36, 49, 47


def head(message, version=1):
    return struct.pack("<HH", version, message)


def text(value):
    return struct.pack("<H", len(value)) + value


def connect(path=CLIENT, seconds=5):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(path)  # waits while the backlog is full
    client.settimeout(seconds)
    return client


def answer(client):
    """The number of the message that comes back, its bytes; 0 when the connection was closed."""
    try:
        got = client.recv(20000)
    except ConnectionError:
        got = b""
    return (struct.unpack("<HH", got[:4])[1] if len(got) >= 4 else 0), got


def texts(fields):
    """The TEXT fields that a message consists of."""
    while len(fields) >= 2:
        length = struct.unpack("<H", fields[:2])[0]
        yield fields[2:2 + length].decode()
        fields = fields[2 + length:]


class Explain:
    """`jitd-admin token explain`, many times over one connection."""

    def __init__(self, service, user, ruser=""):
        self.client = connect(seconds=30)
        self.door = b"".join(text(word.encode()) for word in (service, user, ruser))

    def ask(self, typed):
        """The steps, each [name, verdict, text]; none where jitd hung up."""
        self.client.send(head(EXPLAIN) + self.door + text(typed) + text(b""))  # and no ssh key
        steps = []
        while True:
            number, got = answer(self.client)
            if number != STEP:
                return steps if number == END else []
            steps.append(list(texts(got[4:]))[:3])
