# SPDX-License-Identifier: Apache-2.0
"""
How long an answer may be, and what the person reads when it was too long: sudo takes 511 bytes, the ssh client cuts at
1023 and says nothing. A token that would be longer than any prompt takes is a code from the beginning.
"""
from harness import *
from ssh_door import *

POLICY = """
rule "typed" { who = {"alice"} scope = {%s} approvers = {"carol"} present = "typed" }
"""
SIZES = (300, 511, 512, 600, 1023, 1500)
KBDINT, BOTH = 2601, 2602
PROMPT = "JIT token or code: "
EIGHT = ["ssh:alice", "sudo:root"] + [f"su:{name}-of-the-{place}" for name in ("keeper", "porter")
                                      for place in ("archive", "warehouse", "datacenter")]

# ---- tokens of a wanted length ----


def make_accounts(names):
    """Accounts that are there, and no more."""
    with open("/etc/passwd", "a") as people, open("/etc/group", "a") as groups:
        for number, name in enumerate(names, 3001):
            people.write(f"{name}:x:{number}:{number}::/:/usr/sbin/nologin\n")
            groups.write(f"{name}:x:{number}:\n")


def rules(scopes):
    policy(POLICY % ", ".join(f'"{scope}"' for scope in scopes))
    told = jitd.reload()
    if told.returncode != 0:
        raise SystemExit(told.stderr)


def fresh(access, *kind):
    made = subprocess.run([AS, "alice", "jit", "token", str(access), *kind], capture_output=True, text=True, timeout=20)
    if made.returncode != 0:
        raise SystemExit(f"jit token: {made}")
    return made.stdout.strip(), made.stderr.strip()


def access_for(scopes):
    rules(scopes)
    return grant("alice", " ".join(scopes), by="carol")


def of_511_bytes():
    """An access whose token is as long as sudo takes: a scope's name is made longer until it is."""
    known, long = ["ssh:alice", "sudo:root", "su:" + "b" * 32, "su:" + "b" * 18], 29
    for _ in range(12):
        access = access_for(known + ["su:" + "c" * long])
        length = len(fresh(access)[0])
        if length == 511:
            return access
        run("alice", "jit", "cancel", str(access))
        long += 1 if 400 < length < 511 else -1
    raise SystemExit(f"no token of 511 bytes: {length}")


def broken(size):
    """As a token looks, and never one."""
    head, body, signature = wrong.split(".")
    signature = signature[::-1] if signature[0] in "AQgw" else signature[1:43] + signature[:1] + signature[43:]
    filler = "A" * (size - len(wrong))
    return f"{head}.{body}{filler}.{signature}"[:size]


# ---- the doors ----


def ssh_options(methods, port, source):
    return [word for setting in (f"Port={port}", f"BindAddress={source}", f"PreferredAuthentications={methods}",
                                 "NumberOfPasswordPrompts=1") for word in ("-o", setting)]


def ssh_on_pty(methods, port, answer, number=iter(range(1, 250))):
    source = f"127.6.0.{next(number)}"
    attempt = SshAttempt(source)
    on_terminal = run_pty("alice", "ssh", *ssh_options(methods, port, source), f"alice@{HOST}", "id", answers=[(PROMPT, answer)])
    attempt.ended(on_terminal.code, on_terminal.output)
    attempt.arrived(1)
    return attempt


def sudo_askpass(answer):
    askpass = Askpass("alice", [answer])
    attempt = run("alice", "env", f"SUDO_ASKPASS={ASKPASS}", *askpass.environment[2:], "sudo", "-k", "-A", "id")
    askpass.close()
    return attempt


KEY_AND = "publickey,keyboard-interactive"
DOORS = {
    "ssh, askpass": lambda answer: ssh_kbdint("alice", "id", answer=[answer], port=KBDINT),
    "ssh, terminal": lambda answer: ssh_on_pty("keyboard-interactive", KBDINT, answer),
    "ssh after a key, askpass": lambda answer: ssh_key_kbdint("alice", "id", answer=[answer], port=BOTH),
    "ssh after a key, terminal": lambda answer: ssh_on_pty(KEY_AND, BOTH, answer),
    "sudo -S": lambda answer: run("alice", "sudo", "-k", "-S", "id", stdin=answer + "\n"),
    "sudo, askpass": sudo_askpass,
    "sudo, terminal": lambda answer: run_pty("alice", "sudo", "-k", "id", answers=[(PROMPT, answer)]),
}

# ---- what is expected: jitd's reason, and what the person reads ----

TELLS = "pam-jit: {}. Get a code: jit token ID --code"
KNOWN = {  # to whom somebody vouches for; the number is named where jitd knows it
    "not-a-token": TELLS.format("that is neither a token nor a code"),
    "token-signature": TELLS.format("there is no good token for this"),
    "cut-off": TELLS.format("that looks cut off: use a code"),
    "no-answer": TELLS.format("no answer came (sudo takes 511 bytes at most)"),
}
ANYBODY = {reason: "pam-jit: that opens nothing here. A token or code is good once: jit token ID --code" for reason in KNOWN}
ANYBODY["cut-off"] = "pam-jit: that looks cut off. Use a code: jit token ID --code"
AT_SSH = {300: "not-a-token", 511: "token-signature", 512: "token-signature", 600: "token-signature", 1023: "cut-off",
          1500: "cut-off"}
AT_SUDO = {300: "not-a-token", 511: "token-signature", 512: "no-answer", 600: "no-answer", 1023: "no-answer",
           1500: "no-answer"}


def shown(attempt):
    """The last line of ours."""
    lines = attempt.output.replace("\r", "\n").split("\n")
    return next((line[line.index("pam-jit:"):].strip() for line in reversed(lines) if "pam-jit:" in line), "")


def row(door, size, attempt, reason):
    said = shown(attempt)
    print(f"# {door:26} {size:5} {attempt.code:4} {reason or 'opens':16} {said}")
    return said


def too_long_or_wrong(door, try_it, size):
    at_sudo = door.startswith("sudo")
    reason = (AT_SUDO if at_sudo else AT_SSH)[size]
    known = at_sudo or "key" in door
    line = (KNOWN if known else ANYBODY)[reason]
    attempt = try_it(broken(size))
    said = row(door, size, attempt, reason)
    if known:
        said = re.sub(r"jit token \d+", "jit token ID", said)
    verdicts = [(event["verdict"], event["reason"]) for event in jitd.find(attempt, event="check")]
    check(f"{door}, {size} bytes: refused ({reason}), and told what to do", verdicts == [("deny", reason)] and
          attempt.code != 0 and said == line and "uid=" not in attempt.output, f"{line!r} expected; {verdicts} {attempt}")


def longest(door, try_it):
    attempt = try_it(fresh(access)[0])
    row(door, 511, attempt, None)
    check(f"{door}, a token of 511 bytes: opens", attempt.code == 0 and "uid=" in attempt.output, attempt)


def table():
    print(f"# {'door':26} {'bytes':>5} {'exit':>4} {'jitd':16} what the person reads last")
    for door, try_it in DOORS.items():
        for size in SIZES:
            too_long_or_wrong(door, try_it, size)
        longest(door, try_it)


def eight_scopes():
    number = access_for(EIGHT)
    secret, why = fresh(number)
    check("eight scopes: jit token gives a code, alone on its output", re.fullmatch(r"[0-9A-Z]{5}-[0-9A-Z]{5}", secret), secret)
    found = re.fullmatch(r"a token would have (\d+) bytes, and a prompt takes 511: this is a code", why)
    check("and says why beside it", found and int(found[1]) > 511, why)
    attempt = run("alice", "sudo", "-k", "-S", "id", stdin=secret + "\n")
    check("the code opens", attempt.code == 0 and "uid=0(root)" in attempt.output, attempt)
    attempt = ssh_kbdint("alice", "id", answer=[fresh(number, "--code")[0]], port=KBDINT)
    check("and another one at ssh", attempt.code == 0 and "uid=2001(alice)" in attempt.output, attempt)


pam("sshd", witnessed())
pam("sudo")
give_key("alice")
sudoers("alice ALL=(ALL:ALL) ALL", "Defaults passwd_tries=1")
make_accounts([letter * length for letter in "bc" for length in range(18, 33)] + [scope[3:] for scope in EIGHT[2:]])
policy(POLICY % '"ssh:alice"')
with Sshd("keyboard-interactive", KBDINT), Sshd(KEY_AND, BOTH), Jitd() as jitd:
    access = of_511_bytes()
    wrong = fresh(access)[0]
    table()
    eight_scopes()
finish()
