# SPDX-License-Identifier: Apache-2.0
"""
Guessing codes: thousands a minute from one source, of which jitd looks at a handful, while the same account's held
token, its typed tokens and its codes from elsewhere pass as if nothing were.

What a guesser can expect: there are 2^45 * 32/37 = 3.0e13 codes, equally likely, and at most 16 of an access are out,
each for `token-ttl` (5 minutes). One (account, source) has 5 guesses looked at and 2 more a minute, 15 while a code
lives: a chance of 15 * 16 / 3.0e13 = 7.9e-12. Over all sources the chances add up: a thousand of them 7.9e-9, a million
7.9e-6; and a host that let 100 guesses a second through for a year, from ever new sources, with 16 codes out all the
time, would see 1.7e-3 hits. JIT_GUESSES: how many through the PAM host.
"""
import random

from harness import *
from pam_host import NOT_REACHED, SUCCESS, Login, logins
from ssh_door import *

GUESSES, SSHD_GUESSES = int(os.environ.get("JIT_GUESSES", 3000)), 100
FLOODER, SSHD_FLOODER, ELSEWHERE = "127.4.0.1", "127.4.0.2", "127.4.1.1"
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
AT_ONCE, REFILL = 5, 30  # guesses, seconds for one more (jitd/codes.h)
POLICY = """
rule "own" { who = {"alice"} scope = {"ssh:alice"} approvers = {"carol"} }
rule "bobs" { who = {"bob"} scope = {"ssh:bob"} approvers = {"carol"} }
"""
KBDINT, KEY, PASSWORD = 2401, 2402, 2403
IN = "uid=2001(alice)"
pick = random.Random(45)


def wrong_code():
    """One that was never handed out, with the right check symbol."""
    while (value := pick.getrandbits(45)) % 37 >= 32:
        pass
    text = "".join(SYMBOLS[value >> shift & 31] for shift in range(40, -1, -5)) + SYMBOLS[value % 37]
    return f"{text[:5]}-{text[5:]}"


def fresh(*kind, user="alice"):
    made = run(user, "jit", "token", str(accesses[user]), *kind)
    if made.code != 0:
        raise SystemExit(f"jit token: {made}")
    return made.output.strip()


def at_host(answer, source):
    return logins([Login("alice", source, answer)])[0].opened == SUCCESS


def count(jitd, since, reason):
    return sum(event["count"] for event in jitd.events(since) if event["reason"] == reason)


def looked_at(jitd, name, since, guesses, seconds, before=0):
    """So many guesses came in these seconds: how many were compared with the codes there are?"""
    wait_for(lambda: count(jitd, since, "wrong-code") + count(jitd, since, "too-many-guesses") >= guesses, 12)
    seen, unseen = count(jitd, since, "wrong-code"), count(jitd, since, "too-many-guesses")
    allowed = AT_ONCE + int(seconds / REFILL) + 1
    check(f"{name}: {guesses} wrong codes in {seconds:.0f} s: {seen} looked at, {unseen} refused unread",
          AT_ONCE <= seen <= allowed and seen + unseen == guesses, f"{allowed} may be looked at")


# ---- what goes on meanwhile ----


def unaffected(jitd, name, busy):
    """As often as it goes while the flood lasts."""
    ways = {
        "the held token, by key": lambda: ssh_key("alice", "id", port=KEY, source=FLOODER).code == 0,
        "a typed token, from the same source": lambda: at_host(fresh(), FLOODER),
        "a code, from another source": lambda: at_host(fresh("--code"), ELSEWHERE),
        "through sshd, a code from another source":
            lambda: ssh_kbdint("alice", "id", answer=fresh("--code"), port=KBDINT, source=ELSEWHERE).code == 0}
    passed, failed = {way: 0 for way in ways}, []
    while busy():
        for way, try_it in ways.items():
            good = try_it()
            if not busy():
                break
            passed[way] += good
            failed += [] if good else [way]
    check(f"{name}: meanwhile all else passes: {', '.join(f'{way} {times} times' for way, times in passed.items())}",
          not failed and all(passed.values()), failed)


def flood(jitd):
    waiting = fresh("--code")  # so that there is something to guess
    mark = jitd.last_event()
    results = []
    guesses = [Login("alice", FLOODER, wrong_code()) for _ in range(GUESSES)]
    begun = time.monotonic()
    guesser = threading.Thread(target=lambda: results.extend(logins(guesses, at_a_time=64, timeout=600)))
    guesser.start()
    unaffected(jitd, "PAM host", guesser.is_alive)
    guesser.join()
    seconds = time.monotonic() - begun
    check("PAM host: none passed", len(results) == GUESSES and
          {(result.auth == SUCCESS, result.opened) for result in results} == {(False, NOT_REACHED)})
    check("PAM host: each got the same prompt and the same line, looked at or not",
          len({(result.prompts, result.prompt, result.said, result.auth) for result in results}) == 1,
          {(result.prompts, result.prompt, result.said, result.auth) for result in results})
    looked_at(jitd, "PAM host", mark, GUESSES, seconds)
    check("a good code from where the flood came: refused unread", not at_host(waiting, FLOODER))
    check("and not burned by it: it opens elsewhere", at_host(waiting, ELSEWHERE))


def flood_at_sshd(jitd):
    waiting = fresh("--code")
    mark = jitd.last_event()
    attempts = []

    def guess():
        for _ in range(SSHD_GUESSES // 10):
            clients = [ssh_client("alice", "keyboard-interactive", "id", answer=wrong_code(), port=KBDINT,
                                  source=SSHD_FLOODER) for _ in range(10)]
            attempts.extend(client.end() for client in clients)
    begun = time.monotonic()
    guesser = threading.Thread(target=guess)
    guesser.start()
    unaffected(jitd, "sshd", guesser.is_alive)
    guesser.join()
    check("sshd: none passed", len(attempts) == SSHD_GUESSES and {attempt.code for attempt in attempts} == {255},
          attempts[:2])
    looked_at(jitd, "sshd", mark, SSHD_GUESSES, time.monotonic() - begun)
    good = ssh_kbdint("alice", "id", answer=waiting, port=KBDINT, source=ELSEWHERE)
    check("sshd: the code that was there to be guessed opens, elsewhere", good.code == 0 and IN in good.output, good)


# ---- what is a guess, and whose ----


def told(jitd, since):
    """Reasons of refusals, in their order."""
    return [event["reason"] for event in jitd.events(since) if event["event"] == "check" and event["verdict"] == "deny"]


def no_guesses(jitd):
    code = fresh("--code")
    source, mark = "127.4.2.1", jitd.last_event()
    turned = code[:-1] + SYMBOLS[(SYMBOLS.index(code[-1]) + 1) % 32]
    for answer in ["pw-alice"] * 20 + ["", turned, code[:10], "x" * 511]:
        at_host(answer, source)
    attempt = ssh_password("alice", "id", answer="pw-alice", port=PASSWORD, source=source)
    check("login passwords, at the prompt and as the password, are refused", attempt.code == 255, attempt)
    reasons = told(jitd, mark)
    check("they are no guesses, nor is a code whose check symbol is wrong",
          set(reasons) == {"not-a-token", "nothing-typed"} and len(reasons) == 25, reasons)
    check("so that the code passes from there", at_host(code, source))


def own_account_and_source(jitd):
    """5 at once, by this account from this source; a network of IPv6 is one source."""
    fresh("--code")
    mark = jitd.last_event()
    for number in range(AT_ONCE + 1):
        logins([Login("alice", f"2001:db8:0:1::{number:x}", wrong_code())])
    check("five wrong codes from one network are looked at, the sixth is not",
          told(jitd, mark) == ["wrong-code"] * AT_ONCE + ["too-many-guesses"], told(jitd, mark))
    mark = jitd.last_event()
    fresh("--code", user="bob")
    for _ in range(AT_ONCE + 1):
        logins([Login("bob", "2001:db8:0:1::1", wrong_code())])
    check("another account has a count of its own", told(jitd, mark) == ["wrong-code"] * AT_ONCE + ["too-many-guesses"],
          told(jitd, mark))
    mark = jitd.last_event()
    logins([Login("alice", "2001:db8:0:2::1", wrong_code())])
    check("and so has another network", told(jitd, mark) == ["wrong-code"], told(jitd, mark))
    check("a token from the network that guessed passes", at_host(fresh(), "2001:db8:0:1::1"))


pam("sshd")
give_key("alice")
policy(POLICY)
with Sshd("keyboard-interactive", KBDINT), Sshd("publickey", KEY), Sshd("password", PASSWORD), Jitd() as jitd:
    accesses = {user: grant(user, f"ssh:{user}", by="carol") for user in ("alice", "bob")}
    flood(jitd)
    flood_at_sshd(jitd)
    no_guesses(jitd)
    own_account_and_source(jitd)
finish()
