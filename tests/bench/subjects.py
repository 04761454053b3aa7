# SPDX-License-Identifier: Apache-2.0
"""
What is measured through PAM: each a stack of its own, what is answered to its prompt, and the code that is right. Peers
are in peers.py.
"""
from host import Jitd
from place import PERSON, ROOT, Daemon, processor_us

SUCCESS, AUTH_ERR = 0, 7


class Subject:
    """`absent`: why it is not measured, or None. `code`: what pam_authenticate() must answer; None: anything but success."""

    name, code, absent = "", SUCCESS, None
    ours = False  # whatever goes wrong with it ends the bench
    environment = None  # of tests/bench/pam, where it is not ours

    def start(self, place, wanted):
        """wanted: how many tries there will be in all, at most."""

    def stop(self):
        pass

    def arguments(self, workers, count):
        """Of tests/bench/pam, for a run of so many tries."""
        raise NotImplementedError

    def ran(self, result):
        """What a run told."""

    def processor_us(self):
        """Of its daemon so far; None: it has none."""
        return None

    def is_right(self, result):
        good = result["codes"].get(str(SUCCESS), 0)
        right = not result["broken"] and (good == result["done"] if self.code == SUCCESS else good == 0)
        if self.ours and not right:  # what was refused tells nothing of what a check costs
            raise SystemExit(f"bench: {self.name}: not all of {result['done']} answers were right: {result['codes']}")
        return right


class Permit(Subject):
    name = "pam_permit"

    def start(self, place, wanted):
        self.stack = place.stack("permit", "bench", "pam_permit.so")

    def arguments(self, workers, count):
        return ["--confdir", self.stack, "--service", "bench", "--user", PERSON.pw_name]


class Own(Subject):
    """Through sudo's door, where the kernel vouches for the real uid."""

    ours = True

    def __init__(self, name, present, algorithm="ES256"):
        self.name, self.present, self.algorithm = name, present, algorithm
        self.label = f"{present}-{algorithm}"

    def start(self, place, wanted):
        self.jitd = Jitd(place, self.label, self.present, self.algorithm).start().request()
        self.line = f"{place.module('pam_jit.so')} socket={self.jitd.sockets}/pam.sock"
        self.stack = place.stack(self.label, "sudo", self.line)
        if self.present == "typed":
            self.jitd.mint(wanted)

    def stop(self):
        self.jitd.stop()

    def arguments(self, workers, count):
        given = ["--confdir", self.stack, "--service", "sudo", "--user", PERSON.pw_name, "--ruser", PERSON.pw_name,
                 "--tty", "/dev/pts/1"]
        if ROOT:
            given += ["--real-uid", PERSON.pw_uid]
        if self.present == "typed":
            given += ["--answers", self.jitd.take(count)]
        return given

    def processor_us(self):
        return self.jitd.processor_us()


class Garbage(Subject):
    """What is no token, typed where one would open: the same door and jitd as `own`."""

    name, code, ours = "jit: garbage refused", None, True
    TEXT = "eyJhbGciOiJFUzI1NiJ9." + "garbage" * 40 + "." + "A" * 86

    def __init__(self, own):
        self.own = own

    def arguments(self, workers, count):
        given = self.own.arguments(workers, 0)
        return given[:given.index("--answers")] + ["--answer", self.TEXT]

    def processor_us(self):
        return self.own.processor_us()


class Floor(Subject):
    """The yardstick (floor.c), with the tokens of `own`."""

    name, ours, label, option = "floor", True, "floor", ""

    @staticmethod
    def under():
        """What it is started by."""
        return []

    def __init__(self, own):
        self.own, self.next = own, 0

    def start(self, place, wanted):
        folder = place.folder(self.label)
        self.answers = folder / "answers"
        self.socket = place.sockets / f"{self.label}.sock"
        (folder / "public.pem").write_bytes(self.own.jitd.signer().public_pem())
        self.daemon = Daemon([*self.under(), place.program("tests/bench/floor"), self.socket, folder / "public.pem", folder / "floor.db"],
                             ready=b"ready")
        self.stack = place.stack(self.label, "bench",
                                 f"{place.module('tests/bench/floor_pam.so')} {self.socket} {self.option}")

    def stop(self):
        self.daemon.stop()

    def take(self, count):
        """The same tokens that jitd is shown: each of the two burns them for itself."""
        texts = self.own.jitd.tokens[self.next:self.next + count]
        self.next += count
        if len(texts) < count:
            raise SystemExit("bench: too few tokens for the floor")
        self.answers.write_text("".join(text + "\n" for text in texts))
        return self.answers

    def arguments(self, workers, count):
        return ["--confdir", self.stack, "--service", "bench", "--user", PERSON.pw_name, "--answers", self.take(count)]

    def processor_us(self):
        return processor_us(self.daemon.pid)


class AskingFloor(Floor):
    """The same with one more trip: it is asked whether there is to be a prompt, as jitd is."""

    name, label, option = "floor, if it were asked first", "asking-floor", "asked"
