# SPDX-License-Identifier: Apache-2.0
"""
A typed token and a code open one session, whoever presents them at the same instant and however often, also where the
rule counts no uses; a broken one opens nothing and burns nothing; and a reservation opens for the connection that made
it alone. JIT_ROUNDS and JIT_SSHD_ROUNDS: how often 64 present the same, through the PAM host and through sshd.
"""
from harness import *
from pam_host import SUCCESS, Login, logins
from ssh_door import *
from stops import Stop, stopping

ROUNDS = int(os.environ.get("JIT_ROUNDS", 10))
SSHD_ROUNDS = int(os.environ.get("JIT_SSHD_ROUNDS", 1))
CROWD = 64
POLICY = """
rule "typed" { who = {"alice"} scope = {"ssh:alice"} approvers = {"carol"} uses = 0 present = "typed" max = "8h" }
"""
HELD = """
rule "held" { who = {"alice"} scope = {"ssh:alice"} approvers = {"carol"} }
"""
KBDINT, BOTH, KEY, PASSWORD = 2301, 2302, 2303, 2304
IN = "uid=2001(alice)"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def fresh(access, *kind):
    made = run("alice", "jit", "token", str(access), *kind)
    if made.code != 0:
        raise SystemExit(f"jit token: {made}")
    return made.output.strip()


def source(number):
    return f"127.2.{number // 250}.{number % 250 + 1}"


def sessions_opened(jitd, since):
    return [event for event in jitd.events(since) if event["event"] == "session-open"]


def refused(jitd, since, reason, wanted):
    """How many were, by jitd's events; in a flood it counts them and writes the sum some seconds later."""
    def told():
        return sum(event["count"] for event in jitd.events(since) if event["reason"] == reason)
    wait_for(lambda: told() >= wanted, 12)
    return told()


# ---- 64 at the same instant ----


def crowd_at_host(jitd, access, name, *kind):
    mark, wrong, leaders, asked = jitd.last_event(), [], [], set()
    begun = time.monotonic()
    for number in range(ROUNDS):
        secret = fresh(access, *kind)
        results = logins([Login("alice", source(i), secret) for i in range(CROWD)])
        opened = [result for result in results if result.opened == SUCCESS]
        passed = [result for result in results if result.auth == SUCCESS]
        leaders += [result.leader for result in opened]
        asked |= {(result.prompts, result.prompt) for result in results}
        if len(opened) != 1 or passed != opened:
            wrong.append(f"round {number}: {len(passed)} passed auth, {len(opened)} opened")
    seconds = time.monotonic() - begun
    check(f"{name}: {ROUNDS} rounds of {CROWD} through the PAM host: one opens in each ({seconds:.0f} s)", not wrong, wrong)
    check(f"{name}: each was asked once, the same", asked == {(1, "JIT token or code: ")}, asked)
    found = sessions_opened(jitd, mark)
    check(f"{name}: jitd opened {ROUNDS} sessions, for these very processes", [event["pid"] for event in found] == leaders,
          f"{[event['pid'] for event in found]}, not {leaders}")
    wanted = ROUNDS * (CROWD - 1)
    told = refused(jitd, mark, "token-used", wanted)
    check(f"{name}: and refused {wanted}, each as used", told == wanted, told)


def crowd_at_sshd(jitd, access, name, *kind):
    mark, wrong = jitd.last_event(), []
    begun = time.monotonic()
    for number in range(SSHD_ROUNDS):
        secret = fresh(access, *kind)
        together = threading.Barrier(CROWD)

        def answer(_):
            together.wait(90)
            return secret
        clients = [ssh_client("alice", "keyboard-interactive", "id", answer=answer, port=KBDINT) for _ in range(CROWD)]
        attempts = [client.end(100) for client in clients]
        opened = [attempt for attempt in attempts if attempt.code == 0 and IN in attempt.output]
        others = [attempt for attempt in attempts if attempt.code == 255 and "that opens nothing here" in attempt.output]
        if len(opened) != 1 or len(others) != CROWD - 1:
            wrong.append(f"round {number}: {len(opened)} opened, {len(others)} were refused; {attempts[:2]}")
        number_of = sum(len(attempt.prompts) for attempt in attempts)
        if number_of != CROWD:
            wrong.append(f"round {number}: {number_of} prompts")
    seconds = time.monotonic() - begun
    check(f"{name}: {SSHD_ROUNDS} rounds of {CROWD} through sshd: one opens in each ({seconds:.0f} s)", not wrong, wrong)
    found = sessions_opened(jitd, mark)
    check(f"{name}: jitd opened {SSHD_ROUNDS} sessions", len(found) == SSHD_ROUNDS, found)
    wanted = SSHD_ROUNDS * (CROWD - 1)
    told = refused(jitd, mark, "token-used", wanted)
    check(f"{name}: and refused {wanted}, each as used", told == wanted, told)


# ---- broken ----


def other(character):
    """One that is as canonical in the last place of a signature, where four bits must be zero."""
    return ALPHABET[(ALPHABET.index(character) + 16) % 64]


def broken_ones(jitd, access):
    good = fresh(access)
    rest, signature = good.rsplit(".", 1)
    forged = [f"{rest}.{signature[:i]}{other(signature[i])}{signature[i + 1:]}" for i in range(len(signature))]
    mark = jitd.last_event()
    results = logins([Login("alice", source(i), token) for i, token in enumerate(forged)])
    check(f"each of the {len(signature)} characters of a signature, broken: none passes",
          {result.auth == SUCCESS for result in results} == {False} and len(signature) == 86, results)
    told = refused(jitd, mark, "token-signature", len(forged))
    check("each for its signature", told == len(forged), told)
    results = logins([Login("alice", source(i), token) for i, token in enumerate([good] + forged[:CROWD - 1])])
    check("the good one among 63 broken ones at once: it opens, and it alone",
          [result.opened for result in results if result.auth == SUCCESS] == [SUCCESS] and results[0].opened == SUCCESS,
          [(result.auth, result.opened) for result in results])
    code = fresh(access, "--code")
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    results = logins([Login("alice", source(i), code if i == 40 else wrong) for i in range(CROWD)])
    check("a code among 63 with a wrong check symbol at once: it opens, and it alone",
          [i for i, result in enumerate(results) if result.opened == SUCCESS] == [40], [result.opened for result in results])


# ---- two connections ----

class Reserved:
    """A login that has its reservation, and waits."""

    def __init__(self, number, user, methods, **more):
        address = f"127.3.0.{number}"
        self.stop = Stop(address)
        self.client = ssh_client(user, methods, "id", source=address, **more)
        self.stop.reached()

    def go_on(self):
        self.stop.go_on()
        return self.client.end()


def seconds_beside(name, jitd, others):
    for how, attempt, reason in others:
        cell(f"{name}, and beside it {how}: refused", jitd, attempt(), opens=False, reason=reason)


def without_reservation(spent, user="alice"):
    """Every method, by somebody who has nothing but what was used already."""
    return [("by key", lambda: ssh_key(user, "id", port=KEY), "to-be-typed"),
            ("by key and the same again", lambda: ssh_key_kbdint(user, "id", answer=spent, port=BOTH), "token-used"),
            ("with the same again", lambda: ssh_kbdint(user, "id", answer=spent, port=KBDINT), "token-used"),
            ("with the login password at the prompt", lambda: ssh_kbdint(user, "id", answer="pw-alice", port=KBDINT),
             "not-a-token"),
            ("with the same as password", lambda: ssh_password(user, "id", answer=spent, port=PASSWORD), "token-used"),
            ("with the login password", lambda: ssh_password(user, "id", answer="pw-alice", port=PASSWORD), "not-a-token")]


def two_typed(jitd, access):
    for number, (name, methods, port, kind) in enumerate((
            ("key and prompt", "publickey,keyboard-interactive", BOTH, []),
            ("prompt", "keyboard-interactive", KBDINT, []),
            ("prompt, a code", "keyboard-interactive", KBDINT, ["--code"]),
            ("password", "password", PASSWORD, []))):
        secret = fresh(access, *kind)
        first = Reserved(number + 1, "alice", methods, answer=secret, port=port)
        seconds_beside(name, jitd, without_reservation(secret))
        mark = jitd.last_event()
        opened = first.go_on()
        check(f"{name}: the first, let go, opens", opened.code == 0 and IN in opened.output and
              [event["pid"] for event in sessions_opened(jitd, mark)] == [opened.pid], opened)


def two_by_key(jitd):
    policy(HELD)
    jitd.reload()
    access = grant("alice", "ssh:alice", by="carol")
    first = Reserved(11, "alice", "publickey", port=KEY)
    seconds_beside("key, held", jitd, (
        ("another person by key", lambda: ssh_key("bob", "id", port=KEY), "no-access"),
        ("another person by key, at a prompt", lambda: ssh_key_kbdint("bob", "id", answer="pw-bob", port=BOTH), "not-a-token"),
        ("a stranger at her prompt", lambda: ssh_kbdint("bob", "id", answer="pw-alice", port=KBDINT, to="alice"),
         "not-a-token"),
        ("a stranger with her password", lambda: ssh_password("bob", "id", answer="pw-alice", port=PASSWORD, to="alice"),
         "not-a-token")))
    opened = first.go_on()
    check("key, held: the first, let go, opens", opened.code == 0 and IN in opened.output, opened)
    first = Reserved(12, "alice", "publickey", port=KEY)
    revoke("carol", access)
    cell("key, held, and beside it the same person after a revocation: refused", jitd, ssh_key("alice", "id", port=KEY),
         opens=False, reason="revoked")
    cell("and the first one's reservation opens nothing any more", jitd, first.go_on(), opens=False, reason="revoked",
         phase="open-session")


def last_use(jitd):
    policy(HELD.replace("approvers", "uses = 1 approvers"))
    jitd.reload()
    grant("alice", "ssh:alice", by="carol")
    first = Reserved(13, "alice", "publickey", port=KEY)
    cell("one use and two reservations: who opens first has it", jitd, ssh_key("alice", "id", port=KEY), opens=IN)
    cell("and the other one's opens nothing", jitd, first.go_on(), opens=False, reason="used-up", phase="open-session")


pam("sshd", witnessed())
give_key("alice")
give_key("bob")
policy(POLICY)
with Sshd("keyboard-interactive", KBDINT), Sshd("publickey,keyboard-interactive", BOTH), Sshd("publickey", KEY), \
        Sshd("password", PASSWORD), Jitd() as jitd:
    access = grant("alice", "ssh:alice", "--for", "8h", by="carol")
    pam("sshd")
    for name, kind in (("a token", []), ("a code", ["--code"])):
        crowd_at_host(jitd, access, name, *kind)
    broken_ones(jitd, access)
    pam("sshd", witnessed())
    for name, kind in (("a token", []), ("a code", ["--code"])):
        crowd_at_sshd(jitd, access, name, *kind)
    pam("sshd", stopping(witnessed(), "session"))
    two_typed(jitd, access)
    two_by_key(jitd)
    last_use(jitd)
finish()
