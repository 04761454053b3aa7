# SPDX-License-Identifier: Apache-2.0
"""
Every door of ssh and the console in every state that an access can be in; those of sudo and su are matrix.py's. The
doors are a table here, the states one in matrix_states. A cell is one attempt, and counts with all that it left by its
very processes: what came out, what was asked, the events of jitd in their order, the session, the uses, the
environment. Only an active access for the right account opens; nobody comes in as somebody who merely holds one.
"""
from typing import Callable, NamedTuple

from harness import *
from login_door import *
from matrix_cells import *
from matrix_doors import programs
from matrix_states import *
from ssh_door import *

POLICY = """
rule "own" { who = {"alice"} scope = {"ssh:alice", "login:alice"} approvers = {"carol"} uses = %d }
rule "shared" { who = {"alice"} scope = {"ssh:deploy", "login:deploy"} approvers = {"carol"} present = "typed" uses = %d }
"""
SCOPES = ("ssh:alice", "ssh:deploy", "login:alice", "login:deploy")
UIDS = {"root": 0, "alice": 2001, "deploy": 2010}
KEY, BOTH, PROMPTED, PASSWORD = 22, 2201, 2202, 2203
APART = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")  # they differ from connection to connection
ANYBODY = "pam-jit: that opens nothing here. A token or code is good once: jit token ID --code"

# ---- the doors ----


def by_key(door, _):
    return ssh_key(door.user, "opened", to=door.target, port=KEY)


def by_key_and_prompt(door, text):
    return ssh_key_kbdint(door.user, "opened", to=door.target, answer=text, port=BOTH)


def by_prompt(door, text):
    return ssh_kbdint(door.user, "opened", to=door.target, answer=text, port=PROMPTED)


def by_password(door, text):
    return ssh_password(door.user, "opened", to=door.target, answer=text, port=PASSWORD)


def at_console(door, text):
    return login(door.target, token=text, command="opened")


class Door(NamedTuple):
    name: str
    run: Callable
    types: str = ""  # what is typed: "code", one of alice's; "wrong", one that nobody was given; a text
    target: str = "alice"
    user: str = "alice"  # who comes, by whose key
    service: str = "ssh"
    vouched: bool = False
    never: str = ""  # what refuses it in every state: "sshd", or jitd for this reason

    @property
    def pam(self):
        return "login" if self.service == "login" else "sshd"

    @property
    def scope(self):
        return f"{self.service}:{self.target}"

    @property
    def phases(self):
        if self.scope == "login:root":
            return ()
        return ("account", "open-session") if self.run is by_key else ("auth", "account", "open-session")


CODE = {"types": "code"}
SHARED = {"target": "deploy"}
STRANGER = {"types": "wrong", "user": "carol", "never": "wrong-code"}
CONSOLE = {"run": at_console, "service": "login"}

DOORS = (
    Door("ssh, key", by_key, vouched=True),
    Door("ssh, key and prompt", by_key_and_prompt, "pw-alice", vouched=True),
    Door("ssh, prompt", by_prompt, **CODE),
    Door("ssh, password", by_password, **CODE),
    Door("login", **CODE, **CONSOLE),
    Door("ssh, shared account, key", by_key, vouched=True, never="no-access", **SHARED),
    Door("ssh, shared account, key and prompt", by_key_and_prompt, vouched=True, **CODE, **SHARED),
    Door("ssh, shared account, prompt", by_prompt, **CODE, **SHARED),
    Door("login, shared account", **CODE, **CONSOLE, **SHARED),
    Door("ssh, a stranger's key", by_key, user="carol", never="sshd"),
    Door("ssh, a stranger's key and prompt", by_key_and_prompt, **STRANGER | {"never": "sshd"}),
    Door("ssh, a stranger at the prompt", by_prompt, **STRANGER),
    Door("ssh, a stranger at the prompt, with nothing", by_prompt, **STRANGER | {"types": "", "never": "nothing-typed"}),
    Door("ssh, a stranger with alice's password", by_password, **STRANGER | {"types": "pw-alice", "never": "not-a-token"}),
    Door("ssh, a stranger by password", by_password, **STRANGER),
    Door("ssh, another's key, shared account", by_key, user="carol", vouched=True, never="no-access", **SHARED),
    Door("ssh, another's key and prompt, shared account", by_key_and_prompt, vouched=True, **STRANGER, **SHARED),
    Door("login, a stranger with alice's password", **STRANGER, **CONSOLE),
    Door("ssh, root's key", by_key, user="root", target="root", vouched=True, never="no-access"),
    Door("login, root", user="root", target="root", **CONSOLE),
)


class Typist(Holder):
    """Has codes of each access, from when it was fresh."""

    short = "10s"  # long enough to be asked for codes, on a slow machine too

    def __init__(self, jitd):
        super().__init__(jitd)
        self.codes = {}

    def granted(self, scope):
        self.codes[scope] = [code("alice", self.held[scope]) for _ in range(6)]

    def text(self, door):
        """What is typed there: a code for it, else one of the same service, else any, else one made up."""
        if door.types not in ("code", "wrong"):
            return door.types
        scopes = [scope for scope in (door.scope, *self.held) if self.codes.get(scope) and scope in self.held]
        scopes.sort(key=lambda scope: (scope != door.scope, not scope.startswith(door.service)))
        return self.codes[scopes[0]].pop() if scopes and door.types == "code" else made_up_code()

    def use(self, scope):
        service, account = scope.split(":")
        text = code("alice", self.held[scope])
        if service == "login":
            login(account, token=text)
        else:
            ssh_kbdint("alice", "true", to=account, answer=text, port=PROMPTED)

    def pending(self, scopes):
        super().pending(scopes)
        self.codes = {}


# ---- what is expected ----

# jitd's word for what was typed, where it is not the state's
TYPED = {"no-access": "wrong-code", "pending": "wrong-code", "wrong-host": "token-audience", "expired": "token-expired"}


def reason_of(door, at):
    if door.never:
        return door.never
    if door.types == "code":
        return "wrong-account" if at.name == "another door" else TYPED.get(at.reason, at.reason)
    return "not-a-token" if door.types else at.reason


def says_of(door, at):
    """sshd shows nothing of what is said after a password."""
    if door.run is by_password:
        return "Permission denied"
    if not door.vouched:
        return re.escape(ANYBODY)
    return "pam-jit: " if door.target != "alice" else at.says


def expected(door, at):
    if door.never == "sshd":
        return Expected(False, says="Permission denied")
    if at is WITHOUT or door.scope == "login:root":
        return Expected(True)
    if at.silent:
        says = "" if door.run is by_password else at.says
        return Expected(False, (), door.phases[0], log=log_line(door, door.phases[0], NO_ANSWER), says=says)
    if at.reason or door.never:
        return Expected(False, (), door.phases[0], reason_of(door, at), says=says_of(door, at))
    return Expected(True, door.phases)


# ---- a cell ----

environments = {}  # of each door without pam-jit


def wrong_with_outcome(door, wanted, attempt):
    wrong = ["it took too long"] if attempt.code == "timeout" or attempt.seconds > 12 else []
    if wanted.opens:
        good = attempt.code == 0 and f"opened by {UIDS[door.target]}\n" in attempt.text
        return wrong + ([] if good else [f"nothing ran as {door.target}"])
    wrong += ["it was not refused"] if attempt.code == 0 or "opened by" in attempt.text else []
    return wrong + ([] if re.search(wanted.says, attempt.text) else [f"it does not say {wanted.says!r}"])


def wrong_with_prompts(door, wanted, at, attempt):
    """Where nobody vouches always one; where a key does, only if it is not enough."""
    if door.service == "login" or at is WITHOUT:
        return []
    asked = door.run is not by_key and door.never != "sshd" and not (door.vouched and wanted.opens and door.types != "code")
    if at.silent:
        asked = door.run is by_password  # the client asks for it
    exact = door.vouched or all("pam-jit" not in prompt for prompt in attempt.prompts)
    good = len(attempt.prompts) == asked and all(map(OURS.fullmatch, attempt.prompts)) and exact
    return [] if good else [f"prompts: {attempt.prompts}"]


def wrong_with_opened(door, at, access, attempt):
    if at is WITHOUT:
        environments[door.name] = environment(attempt)
        return []
    return wrong_with_environment(environments[door.name], access if door.phases else None, attempt, APART)


def cell_of(holder, door, at):
    wanted = expected(door, at)
    access = holder.held.get(door.scope)
    text = holder.text(door)
    answering = Jitd.running
    before = uses() if answering else {}
    attempt = door.run(door, text)
    attempt.text = "\n".join(getattr(attempt, "prompts", []) + [attempt.output.replace("\r", "")])
    wrong = wrong_with_outcome(door, wanted, attempt) + wrong_with_prompts(door, wanted, at, attempt)
    wrong += wrong_with_log(wanted, attempt)
    if wanted.opens:
        wrong += wrong_with_opened(door, at, access, attempt)
    if answering:
        wrong += wrong_with_events(holder.jitd, wanted, holder.held, door, attempt)
        wrong += wrong_with_uses(before, wanted, access)
    check(f"matrix: {door.name} x {at.name}", not wrong, "; ".join(wrong + [repr(attempt)]))


# ---- a column ----


def stacks(change):
    for service, made in ("sshd", witnessed), ("login", no_delays):
        pam(service, made(change((TOP / "packaging" / "pam" / service).read_text())))


def column(at, doors):
    jitd = Jitd()
    policy(POLICY % (at.uses, at.uses))
    jitd.start()
    holder = Typist(jitd)
    holder.hold(SCOPES)
    before = uses(), jitd.last_event()
    holder.come_to(at, at.scopes(doors[0], SCOPES))
    for door in doors:
        cell_of(holder, door, at)
    if at.silent:
        at.silent(jitd)
        silence_was_kept(f"matrix: {at.name}, then not", jitd, by_key(DOORS[0], ""), *before)
    jitd.stop()


begun = time.monotonic()
add_account("deploy", 2010)
give_key("alice", "alice", "deploy")
give_key("carol", "carol", "deploy")
give_key("root")
programs()
root_password()
subprocess.run(["chpasswd", "-c", "SHA512"], input="deploy:pw-deploy\n", text=True, check=True)
with Sshd("publickey", KEY), Sshd("publickey,keyboard-interactive", BOTH), Sshd("keyboard-interactive", PROMPTED), \
        Sshd("password", PASSWORD):
    stacks(lambda text: text.replace("pam_jit.so", "pam_permit.so"))
    for door in DOORS:
        cell_of(Typist(None), door, WITHOUT)
    for at in STATES:
        stacks(lambda text: text.replace("pam_jit.so", "pam_jit.so" + at.options))
        for scopes in dict.fromkeys(at.scopes(door, SCOPES) for door in DOORS):
            column(at, [door for door in DOORS if at.scopes(door, SCOPES) == scopes])
print(f"# {len(DOORS)} doors, {len(STATES) + 1} states, {time.monotonic() - begun:.0f} seconds")
finish()
