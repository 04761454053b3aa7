# SPDX-License-Identifier: Apache-2.0
"""
The same token in many spellings, presented by 64 at the same instant: malleated, base64 as lax decoders take it, and even
signed again by jitd's own key. One opens, and it is the token that jitd gave out; a crowd without it opens nothing, and
burns nothing. JIT_ROUNDS: how often.
"""
import collections
import itertools
import random

from harness import *
from pam_host import SUCCESS, Login, logins
from ssh_door import *
from token_rows import burned, one_number, signing_key

from respell import code_spellings, malleated, with_key, without_key  # noqa: E402: token_rows says where it is

ROUNDS, CROWD, PORT = int(os.environ.get("JIT_ROUNDS", 5)), 64, 2601
POLICY = """
rule "alice" { who = {"alice"} scope = {"ssh:alice", "sudo:root"} approvers = {"carol"} uses = 0 present = "typed" max = "8h" }
"""
IN, ROOT = "uid=2001(alice)", "uid=0(root)"
pick = random.Random(int(os.environ.get("JIT_SEED", 1)))


def at_once(answers):
    """All at the same instant, each from an address of its own; which of them opened."""
    results = logins([Login("alice", f"127.6.0.{number + 1}", answer) for number, answer in enumerate(answers)])
    return [number for number, result in enumerate(results) if result.opened == SUCCESS]


def copies(text, key, number):
    """So many others, of all kinds, the malleated one among them; none is the token, and a prompt can carry each."""
    every = [other for _, other in (*without_key(text, key, pick), *with_key(text, key, pick)) if other != text]
    return every[:1] + pick.sample(every[1:], number - 1)


def crowds(access, key):
    """(name, what 64 type, how many opens, what opens) of a round."""
    text = token("alice", access).encode()
    yield "one token among 63 copies of it", [text] + copies(text, key, CROWD - 1), {text}
    text = token("alice", access).encode()
    yield "32 times the token, 32 copies", [text] * (CROWD // 2) + copies(text, key, CROWD // 2), {text}
    text = token("alice", access).encode()
    yield "the token and the malleated one by turns", [text, malleated(text, key)] * (CROWD // 2), {text}
    both = [token("alice", access).encode() for _ in range(2)]
    yield "two tokens, each with its copies", both * 8 + [other for text in both
                                                          for other in copies(text, key, CROWD // 2 - 8)], set(both)
    yield "a code in 64 spellings", list(itertools.islice(code_spellings(code("alice", access), pick), CROWD)), None


def play(jitd, access, key):
    wrong, begun, total = collections.defaultdict(list), time.monotonic(), 0
    for round_ in range(ROUNDS):
        for name, answers, right in crowds(access, key):
            pick.shuffle(answers)
            before, opened = burned(), at_once(answers)
            total += len(answers)
            wanted = 1 if right is None else len(right)
            good = len(opened) == wanted and burned() - before == wanted and (right is None
                or {answers[number] for number in opened} == right)
            wrong[name] += [] if good else [f"round {round_}: {[answers[number] for number in opened]} opened, {burned() - before} burned"]
    for name, problems in wrong.items():
        check(f"{name}: {ROUNDS} rounds of {CROWD} at once, one open for each that jitd gave out", not problems,
              problems)
    print(f"# {total} presented, {64} at a time, in {time.monotonic() - begun:.0f} s")


def copies_alone(jitd, access, key):
    """No spelling but the one that was given out opens, before it or after it."""
    wrong = []
    for round_ in range(ROUNDS):
        text = token("alice", access).encode()
        before = burned()
        if at_once(copies(text, key, CROWD)) or burned() != before:
            wrong.append(f"round {round_}: a copy opened or burned")
        if at_once([text]) != [0]:
            wrong.append(f"round {round_}: the token does not open after its copies")
        if at_once([text] + copies(text, key, CROWD - 1)):
            wrong.append(f"round {round_}: something opened after the token")
    check(f"{ROUNDS} rounds of 64 copies without the token: none opens or burns, the token then does, and then none any more", not wrong, wrong)


def forged_ones(access, key):
    """T21: who knows a token's jti and not the key cannot use the token up."""
    text = token("alice", access).encode()
    signed = text.rsplit(b".", 1)[0]
    forgeries = [signed + b"." + random.Random(number).randbytes(64).hex().encode()[:86] for number in range(CROWD)]
    check("64 forgeries with a token's jti: none opens", at_once(forgeries) == [])
    check("and the token is good still", at_once([text]) == [0])


def through_sshd(access, key):
    text = token("alice", access).encode()
    answers = [text] + [other for other in copies(text, key, 40) if all(32 < byte < 127
        for byte in other)][:11] + [malleated(text, key)] * 4
    pick.shuffle(answers)
    together = threading.Barrier(len(answers))

    def answer_with(what):
        def answer(_):
            together.wait(60)
            return what.decode()
        return answer
    clients = [ssh_client("alice", "keyboard-interactive", "id", answer=answer_with(what), port=PORT)
               for what in answers]
    opened = [what for what, client in zip(answers, clients) if IN in client.end(90).output]
    check(f"sshd: the token among {len(answers) - 1} copies at once: it opens alone", opened == [text], opened)


def through_sudo(access, key):
    text = token("alice", access).encode()
    answers = [text] * 4 + [malleated(text, key)] * 4 + [other for _, other in with_key(text, key, pick)
                                                         if other != text and len(other) <= 511][:8]
    pick.shuffle(answers)
    attempts = [None] * len(answers)

    def attempt(number):
        attempts[number] = run("alice", "sudo", "-S", "-k", "id", stdin=answers[number].decode() + "\n")
    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(len(answers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = [answers[number] for number, tried in enumerate(attempts) if ROOT in tried.output]
    check(f"sudo: {len(answers)} at once, four of them the token: one opens, and it is the token", opened == [text],
          attempts)


pam("sshd")
pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) ALL")
with Sshd("keyboard-interactive", PORT), Jitd() as jitd:
    access, root = grant("alice", "ssh:alice", "--for", "8h", by="carol"), grant("alice", "sudo:root", by="carol")
    key = signing_key()
    play(jitd, access, key)
    copies_alone(jitd, access, key)
    forged_ones(access, key)
    through_sshd(access, key)
    through_sudo(root, key)
    check("as many sessions as rows are burned", one_number("SELECT count(*) FROM session") == burned())
finish()
