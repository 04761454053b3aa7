# SPDX-License-Identifier: Apache-2.0
"""Cases of tests/hostile by the thousand, through `token explain` and through PAM, and what must come of them."""
import collections
import random

from harness import *
from pam_host import SUCCESS, Login, logins
from token_rows import burned
from wire import Explain

SEED = os.environ.get("JIT_SEED", "1")
MANY = 8192  # logins of one run of the PAM host
ALONE = "".join(f"{kind} required pam_jit.so\n" for kind in ("auth", "account", "session"))  # many at a time cost less


def is_typeable(text, most):
    return 0 < len(text) <= most and all(32 < byte < 127 for byte in text)


def sample(cases, number, most):
    """So many that can be typed: of every kind one, then more of them."""
    pick = random.Random(f"{SEED}/sample")
    fit = [case for case in cases if is_typeable(case.text, most)]
    pick.shuffle(fit)
    seen, first, rest = set(), [], []
    for case in fit:
        (rest if case.kind in seen else first).append(case)
        seen.add(case.kind)
    return (first + rest)[:number]


def shown(case, what):
    return f"{case.kind}: {case.name}: {what}: {case.text[:2000]!r}"


# ---- through token explain ----


def refused_for(steps):
    """The words of the checks that say no; each check says "word: what was found"."""
    return [text.split(": ")[0] for _, verdict, text in steps if verdict == "no"]


def typed_words(case):
    """What jitd may say where it refuses the case: the reader's word, or its own for what is no token at all."""
    text = case.text
    if text.count(b".") < 2:
        return {"nothing-typed", "not-a-token", "cut-off", "wrong-code"}
    return case.reasons | ({"cut-off"} if len(text) == 1023 else set())


def explain_all(name, cases, words_of=typed_words):
    """All that a message can carry. words_of: what may be said of a case; an empty set: anything but yes."""
    explain, words, wrong, seconds = Explain("sshd", "alice"), collections.Counter(), [], []
    cases = [case for case in cases if len(case.text) <= 4096 and b"\0" not in case.text]
    for case in cases:
        begun = time.monotonic()
        steps = explain.ask(case.text)
        seconds.append(time.monotonic() - begun)
        said = refused_for(steps)
        opens = bool(steps) and {verdict for _, verdict, _ in steps} == {"yes"}
        words[said[0] if said else "allow" if opens else "nothing"] += 1
        right = opens if case.good else len(said) == 1 and (said[0] in words_of(case) or not case.reasons)
        if not right:
            wrong.append(shown(case, steps))
    seconds.sort()
    print(f"# {name}: token explain: median {seconds[len(seconds) // 2] * 1000:.2f} ms, "
          f"99 % {seconds[len(seconds) * 99 // 100] * 1000:.2f} ms, all {seconds[-1] * 1000:.2f} ms; "
          + ", ".join(f"{word} {count}" for word, count in words.most_common()))
    good = sum(case.good for case in cases)
    check(f"{name}: token explain: of {len(cases)} tokens the {good} good ones would open, and no other; each for its own "
          "reason", not wrong, wrong[:20])


# ---- through PAM ----


def source(number):
    return f"127.5.{number // 250 % 250}.{number % 250 + 1}"


def at_host(texts):
    """What became of each, typed at a prompt."""
    results = []
    while len(results) < len(texts):
        batch, size = [], 0  # what its processes have to carry along
        for text in texts[len(results):len(results) + MANY]:
            batch.append(Login("alice", source(len(batch)), text))
            size += len(text)
            if size > 4 << 20:
                break
        results += logins(batch, at_a_time=64, timeout=1800)
    return results


def host_all(name, cases):
    """Each at a prompt; what has a NUL in it no prompt can carry. Gives those that were typed."""
    cases = [case for case in cases if b"\0" not in case.text]
    before, begun = burned(), time.monotonic()
    results = at_host([case.text for case in cases])
    seconds = time.monotonic() - begun
    wrong = [shown(case, result) for case, result in zip(cases, results)
             if (result.opened == SUCCESS) != case.good or (result.auth == SUCCESS) != case.good]
    good = sum(case.good for case in cases)
    check(f"{name}: PAM: of {len(cases)} tokens typed the {good} good ones opened, and no other ({seconds:.0f} s)",
          not wrong,
          wrong[:20])
    told = collections.Counter((result.prompts, result.prompt, result.said, result.auth)
                               for case, result in zip(cases, results)
                               if not case.good and len(case.text) != 1023 and len(case.text) <= 4096)
    check(f"{name}: PAM: whatever was wrong, everybody got the same prompt, line and code (T27)", len(told) == 1, told)
    check(f"{name}: PAM: {good} tokens are burned, no other", burned() - before == good, burned() - before)
    return cases


def used_ones(name, cases):
    good = [case for case in cases if case.good]
    results = at_host([case.text for case in good])
    check(f"{name}: PAM: the {len(good)} good ones typed again: each is used",
          not any(result.auth == SUCCESS for result in results))


# ---- jitd ----


def kibibytes(jitd, what):
    return int(re.search(rf"^{what}:\s+(\d+)", pathlib.Path(f"/proc/{jitd.process.pid}/status").read_text(), re.M)[1])
