# SPDX-License-Identifier: Apache-2.0
"""What is typed at a real sshd: where nobody vouches it alone opens, once, and every refusal looks the same."""
from harness import *
from ssh_door import *

POLICY = """
rule "own" { who = {"alice"} scope = {"ssh:alice"} approvers = {"carol"} }
rule "shared" { who = {"alice"} scope = {"ssh:deploy"} approvers = {"carol"} present = "typed" }
"""
BOTH, PROMPTED, PASSWORD = 2201, 2202, 2203
IN, SHARED = "uid=2001(alice)", "uid=2010(deploy)"
ROAD = "auth account open-session"
EXACT = "(alice@127.0.0.1) JIT token or code: "
ANYBODY = r"pam-jit: that opens nothing here\. A token or code is good once: jit token ID --code"


def prompted(answer, user="alice", tries=1, **more):
    return ssh_kbdint(user, "id", answer=answer, port=PROMPTED, options=[f"NumberOfPasswordPrompts={tries}"], **more)


def with_password(answer, user="alice", **more):
    return ssh_password(user, "id", answer=answer, port=PASSWORD, **more)


def broken(text):
    """A token with one character of its signature changed."""
    place = text.rindex(".") + 10
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1:]


# ---- keyboard-interactive alone ----


def refusals(jitd, access):
    """While alice holds an active access: whoever has nothing good to type reads the same, whatever the reason."""
    good = token("alice", access)
    seen = set()
    for name, user, answer, to, reason in (
            ("nothing", "carol", "", "alice", "nothing-typed"),
            ("alice's password", "carol", "pw-alice", "alice", "not-a-token"),
            ("a made-up code", "carol", made_up_code(), "alice", "wrong-code"),
            ("a token with a broken signature", "carol", broken(good), "alice", "token-signature"),
            ("a token for another account", "alice", token("alice", access), "bob", "wrong-account"),
            # sshd puts junk of the same length in its place
            ("a made-up code for an account that is not there", "carol", made_up_code(), "nosuch", "not-a-token"),
            ("nothing, where nobody holds an access", "carol", "", "bob", "nothing-typed")):
        attempt = prompted(answer, user, to=to)
        walk(f"{name}: refused", jitd, attempt, f"auth={reason}", says=ANYBODY, asked=1)
        seen.add(repr((attempt.output, attempt.prompts)).replace(to + "@", "NAME@"))
    check("all of them saw the same", len(seen) == 1, seen)
    attempt = prompted(good)
    walk("the good token was not burned by its broken copy", jitd, attempt, ROAD, opens=IN, asked=1)
    check("the prompt is ours to the letter", attempt.prompts == [EXACT], attempt.prompts)
    attempt = prompted(token("alice", access), "alice", to="nosuch")
    check("a good token does not make an account", attempt.code == 255 and "session-open" not in
          {event["event"] for event in jitd.events(attempt.event_mark)}, attempt)


def good_once(jitd, access):
    for name, make in ("token", token), ("code", code):
        text = make("alice", access)
        walk(f"a {name} opens", jitd, prompted(text), ROAD, opens=IN, asked=1)
        walk(f"the same {name} again: refused", jitd, prompted(text), "auth=token-used", says=ANYBODY, asked=1)
    text = code("alice", access)
    walk("a code as people type it opens", jitd, prompted(" " + text.lower().replace("-", " ").replace("0", "o")), ROAD,
         opens=IN, asked=1)
    walk("a stranger who was given a code comes in by it", jitd, prompted(code("alice", access), "carol", to="alice"),
         ROAD, opens=IN, asked=1)
    walk("first a wrong code, then a good one", jitd, prompted([made_up_code(), code("alice", access)], tries=2),
         "auth=wrong-code " + ROAD, opens=IN, asked=2)


# ---- the password method ----


def as_password(jitd, access):
    outstanding = code("alice", access)
    for _ in range(12):
        attempt = with_password("pw-alice", source="127.2.0.1")
    walk("the login password, the twelfth time: refused", jitd, attempt, "auth=not-a-token", asked=1)
    walk("it was no guess: a code as the password opens from there", jitd,
         with_password(outstanding, source="127.2.0.1"), ROAD, opens=IN, asked=1)
    walk("the same code as the password again: refused", jitd, with_password(outstanding), "auth=token-used", asked=1)
    walk("a token as the password opens", jitd, with_password(token("alice", access)), ROAD, opens=IN, asked=1)
    walk("a stranger with a made-up code as the password: refused", jitd, with_password(made_up_code(), "carol", to="alice"),
         "auth=wrong-code", asked=1)
    walk("a stranger with nothing: refused by sshd itself", jitd, with_password("", "carol", to="alice"), "", asked=1)


# ---- another's account ----


def another_account(jitd, own):
    access = grant("alice", "ssh:deploy", by="carol")
    walk("shared account, alice's key alone: refused", jitd, ssh_key("alice", "id", to="deploy"), "account=no-access")
    walk("shared account, key and nothing typed: refused", jitd,
         ssh_key_kbdint("alice", "id", to="deploy", answer="", port=BOTH), "auth=nothing-typed", asked=1)
    walk("shared account, key and a code for her own: refused", jitd,
         ssh_key_kbdint("alice", "id", to="deploy", answer=code("alice", own), port=BOTH), "auth=wrong-account", asked=1)
    attempt = ssh_key_kbdint("alice", "id", to="deploy", answer=code("alice", access), port=BOTH)
    walk("shared account, key and code: opens", jitd, attempt, ROAD, opens=SHARED, asked=1)
    opened = jitd.find(attempt, event="session-open")
    check("it is alice's session as deploy", opened and opened[0]["subject"] == "alice" and
          opened[0]["account"] == "deploy" and opened[0]["access"] == access, opened)
    walk("shared account, a code alone: opens", jitd, prompted(code("alice", access), to="deploy"), ROAD, opens=SHARED,
         asked=1)
    walk("shared account, another's key and a made-up code: refused", jitd,
         ssh_key_kbdint("carol", "id", to="deploy", answer=made_up_code(), port=BOTH), "auth=wrong-code", asked=1)
    walk("shared account, another's key alone: refused", jitd, ssh_key("carol", "id", to="deploy"), "account=no-access")
    policy('rule "held" { who = {"alice"} scope = {"ssh:deploy"} approvers = {"carol"} }')
    said = run("root", "jitd-admin", "policy", "check")
    check("a rule with held tokens for another's account is refused", said.code == 1 and 'present = "typed"' in said.output,
          said)
    policy(POLICY)


# ---- one login, several processes ----


def after_ours(*lines):
    """Our stack with these behind our auth line."""
    published = (TOP / "packaging/pam/sshd").read_text().replace("auth       required   pam_jit.so\n",
                                                                 "auth       required   pam_jit.so\n" + "\n".join(lines) + "\n")
    pam("sshd", witnessed(published))


def program(name, text):
    path = pathlib.Path("/usr/local/bin") / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return f"auth required pam_exec.so quiet {path}"


def retry(jitd, access):
    """Another module refuses after ours: what was typed stays good for this login, and for no other."""
    fails = program("fail-once", "! mkdir /tmp/failed 2>/dev/null\n")
    after_ours(fails)
    text = code("alice", access)
    walk("refused once by another module: nothing is typed twice", jitd, prompted([text], tries=2), "auth " + ROAD,
         opens=IN, asked=1)
    os.rmdir("/tmp/failed")
    attempt = ssh_password("alice", "id", answer=[code("alice", access), "whatever"], port=PASSWORD,
                           options=["NumberOfPasswordPrompts=2"])
    walk("the same by password", jitd, attempt, "auth " + ROAD, opens=IN, asked=2)
    os.rmdir("/tmp/failed")
    attempt = prompted(code("alice", access))
    walk("refused by another module, and given up", jitd, attempt, "auth", asked=1)
    walk("the next login has nothing of it", jitd, prompted(""), "auth=nothing-typed", asked=1)


def two_at_once(jitd, access):
    """While one login has typed its code and waits for another module, a second one finds nothing to go in by."""
    after_ours(program("hold-once", "mkdir /tmp/holds 2>/dev/null || exit 0\ncat /tmp/go\n"))
    os.mkfifo("/tmp/go")
    for name, port, method in ("keyboard-interactive", PROMPTED, "keyboard-interactive"), ("password", PASSWORD, "password"):
        text = code("alice", access)
        first = ssh_client("alice", method, "id", answer=text, port=port)
        check(f"{name}: the first has typed its code and waits",
              jitd.find(first.attempt, pid=False, phase="auth", verdict="allow") and
              wait_for(lambda: os.path.exists("/tmp/holds"), 5))
        for what, answer, reason in ("another text", "pw-alice", "not-a-token"), ("the same code", text, "token-used"):
            second = ssh_client("alice", method, "id", answer=answer, port=port).end()
            walk(f"{name}: a second one beside it with {what}: refused", jitd, second, f"auth={reason}", asked=1)
        with open("/tmp/go", "w"):
            pass
        walk(f"{name}: the first opens", jitd, first.end(), ROAD, opens=IN, asked=1)
        os.rmdir("/tmp/holds")


add_account("deploy", 2010)
give_key("alice", "alice", "deploy")
give_key("carol", "carol", "deploy")
policy(POLICY)
pam("sshd", witnessed())
with Sshd("publickey"), Sshd("publickey,keyboard-interactive", BOTH), Sshd("keyboard-interactive", PROMPTED), \
        Sshd("password", PASSWORD), Jitd() as jitd:
    walk("no access, login password typed: refused", jitd, prompted("pw-alice"), "auth=not-a-token", says=ANYBODY, asked=1)
    access = grant("alice", "ssh:alice", by="carol")
    refusals(jitd, access)
    good_once(jitd, access)
    as_password(jitd, access)
    another_account(jitd, access)
    retry(jitd, access)
    two_at_once(jitd, access)
finish()
