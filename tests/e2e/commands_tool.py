# SPDX-License-Identifier: Apache-2.0
"""
What the stories about commands share: one use of a tool with stdout and stderr apart, what jitd knows before and
after, and the shape of what --json prints.
"""
import datetime

from harness import *

POLICY = """
rule "web"  { who = {"alice"}  scope = {"sudo:root"}         approvers = {"bob"}          reason = "required" }
rule "two"  { who = {"alice"}  scope = {"su:root"}           approvers = {"bob", "adam"}  approvals = 2  uses = 3 }
rule "once" { who = {"alice"}  scope = {"sudo:bin"}          approvals = 0                uses = 1 }
rule "no"   { who = {"alice"}  scope = {"su:bin"}            effect = "deny" }
"""
CONFIG = "/etc/jitd/jitd.conf"
SETTINGS = 'admins = {"adam"}\nauditors = {"dora"}\n'
CLOCK = r"(?:\d{4}-\d\d-\d\d \d\d:\d\d|\d\d:\d\d:\d\d)"  # with its day where that is another one


def add_people():
    """adam administers and dora reads the log; carol is nobody here."""
    with open("/etc/passwd", "a") as passwd:
        passwd.write("adam:x:2004:2004::/home:/bin/bash\ndora:x:2005:2005::/home:/bin/bash\n")
    with open("/etc/group", "a") as group:
        group.write("adam:x:2004:\ndora:x:2005:\n")


def prepare():
    add_people()
    pathlib.Path(CONFIG).write_text(SETTINGS)
    policy(POLICY)


# ---- one use of a tool ----


class Said(Attempt):
    """What somebody ran, with stdout and stderr apart."""

    out = err = ""

    def __repr__(self):
        return f"exit {self.code} after {self.seconds:.1f} s, stdout {self.out[:400]!r}, stderr {self.err[:400]!r}"

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            return None


def begin(user, *argv, login_uid=True, environment=None):
    """Starts it; end() waits for it."""
    said = Said(Jitd.running)
    command = (["env"] + [f"{k}={v}" for k, v in environment.items()] if environment else []) + list(argv)
    said.process = subprocess.Popen([AS] + ([] if login_uid else ["--no-loginuid"]) + [user] + command,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True, errors="replace", start_new_session=True)
    said.pid = said.process.pid
    return said


def end(said, timeout=30):
    try:
        said.out, said.err = said.process.communicate(timeout=timeout)
        return said.ended(said.process.returncode, said.out + said.err)
    except subprocess.TimeoutExpired:
        said.process.kill()
        said.out, said.err = said.process.communicate()
        return said.ended("timeout", said.out + said.err)


def tool(user, *argv, **more):
    return end(begin(user, *argv, **more))


def one_line(said, *begins):
    """Nothing on stdout, on stderr one line that begins with the program's name and is fit for a terminal."""
    line = said.err.rstrip("\n")
    return not said.out and said.err.endswith("\n") and line.isprintable() and line.startswith(tuple(begins))


def done(name, said, says=""):
    """It worked: 0, something that matches on stdout, nothing on stderr."""
    return check(name, said.code == 0 and not said.err and re.search(says, said.out), said)


# ---- what jitd knows ----


def known():
    """All accesses, sessions, locks and rules, as root sees them."""
    def got(*argv):
        return subprocess.run(["jitd-admin", *argv, "--json"], capture_output=True, text=True, timeout=20).stdout
    status = json.loads(got("status"))
    return got("list", "--all"), got("sessions"), {key: status[key] for key in ("policy", "rules", "locked", "key")}


def refused(jitd, name, user, *argv, says, reason=None, event="refused", code=1, **more):
    """One clear line, the exit code, an event of that very process (where jitd was asked), and nothing changed."""
    before = known()
    said = tool(user, *argv, **more)
    wrong = []
    if said.code != code:
        wrong.append(f"exit code {code} expected")
    if not one_line(said, argv[0]):
        wrong.append("not one plain line on stderr alone")
    if not re.search(says, said.err):
        wrong.append(f"it does not say {says!r}")
    if reason and not jitd.find(said, event=event, verdict="deny", reason=reason):
        wrong.append(f"no event with reason {reason!r}: {jitd.events(said.event_mark)}")
    if known() != before:
        wrong.append("something changed")
    return check(name, not wrong, "; ".join(wrong + [repr(said)]))


# ---- the shape of JSON ----


class Time:
    """RFC 3339 in UTC, of these days."""

    @staticmethod
    def fits(value):
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
            return False
        return abs(datetime.datetime.fromisoformat(value[:-1] + "+00:00").timestamp() - time.time()) < 86400


DECISION = {"by": str, "verdict": str, "at": Time, "comment": (str, None)}
SESSION = {"id": str, "access": int, "subject": str, "service": str, "account": str, "tty": (str, None),
           "rhost": (str, None), "pid": int, "since": Time, "until": (Time, None), "ended": (Time, None), "ending": (str, None)}
ACCESS = {"id": int, "state": str, "subject": str, "scopes": [str], "host": str, "rule": str, "reason": (str, None),
          "ticket": (str, None), "requested": Time, "decided": (Time, None), "from": (Time, None), "until": (Time, None),
          "approvals_needed": int, "denials_needed": int, "asked": int, "decisions": [DECISION], "uses_left": (int, None),
          "present": str, "digest": str, "sessions": [SESSION], "user_key": (str, None), "via": (str, None),
          "issuer": (str, None), "foreign": (int, None), "ends": (Time, None),
          "keep": (int, None)}
EVENT = {"id": int, "at": Time, "event": str, "verdict": (str, None), "reason": (str, None), "access": (int, None),
         "session": (str, None), "subject": (str, None), "actor": (str, None), "service": (str, None),
         "phase": (str, None), "account": (str, None), "pid": (int, None), "count": int, "text": (str, None), "policy": str}


def fits(value, shape):
    """Exactly these keys, each of its type."""
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, dict):
        return isinstance(value, dict) and set(value) == set(shape) and all(fits(value[k], s) for k, s in shape.items())
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    if shape is None:
        return value is None
    if shape is Time:
        return Time.fits(value)
    return type(value) is shape and value != ""


def shaped(name, said, shape, **values):
    """--json printed that shape, with these values in it (in its last element, where it is a listing)."""
    last = said.json[-1] if isinstance(said.json, list) and said.json else said.json
    good = said.code == 0 and not said.err and fits(said.json, shape)
    return check(name, good and all(last[key] == value for key, value in values.items()), said)
