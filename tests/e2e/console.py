# SPDX-License-Identifier: Apache-2.0
"""The console, a real login(1): a person types a token and the password, root the password alone, with jitd dead too."""
from harness import *
from login_door import *
from ssh_door import code, made_up_code, token

POLICY = 'rule "console" { who = {"alice", "bob"} scope = {"login:alice"} approvers = {"carol"} present = "typed" }\n'
IN, INCORRECT = "uid=2001(alice)", "Login incorrect"
OPENED = ["auth", "account", "open-session"]


def road(attempt):
    return [event["phase"] + ("" if event["verdict"] == "allow" else f"={event['reason']}")
            for event in Jitd.running.events(attempt.event_mark, attempt.pids) if event["event"] == "check"]


def stay(name, attempt, *wanted, says=INCORRECT):
    """Refused."""
    check(name, attempt.code == 1 and says in attempt.output and "uid=" not in attempt.output and
          wait_for(lambda: road(attempt) == list(wanted), 3), f"{attempt}, {road(attempt)}")


def go(name, attempt, *before):
    """It opens, and ends."""
    good = attempt.code == 0 and IN in attempt.output and wait_for(lambda: road(attempt) == list(before) + OPENED, 3)
    opened = Jitd.running.find(attempt, event="session-open", account="alice")
    check(name, good and len(opened) == 1 and opened[0]["pid"] == attempt.pid and
          Jitd.running.find(attempt, pid=False, event="session-close", session=opened[0]["session"]),
          f"{attempt}, {road(attempt)}, {opened}")


def root(when):
    for typed in False, True:
        attempt = login("root", password=ROOT, typed=typed)
        check(f"{when}: root logs in with the password alone{', the name typed' if typed else ''}", attempt.code == 0 and
              "uid=0(root)" in attempt.output and TOKEN not in attempt.output, attempt)
    attempt = login("root", password="pw-alice")
    check(f"{when}: root with another password: refused", attempt.code == 1 and INCORRECT in attempt.output, attempt)


def people(access):
    stay("a made-up code and the right password: refused", login("alice", token=made_up_code()), "auth=wrong-code")
    stay("nothing and the right password: refused", login("alice", token=""), "auth=nothing-typed")
    stay("a good code and a wrong password: refused", login("alice", token=code("alice", access), password="no"), "auth")
    attempt = login("alice", token=code("alice", access), command="id; tty; env")
    go("a code and the password: opens", attempt)
    check("its session knows the access", f"JIT_ACCESS={access}" in attempt.output, attempt)
    text = token("alice", access)
    go("a token and the password, the name typed: opens", login("alice", token=text, typed=True))
    stay("the same token again: refused", login("alice", token=text), "auth=token-used")
    go("a wrong password first: the code is not typed twice",
       login("alice", token=[code("alice", access)], password=["no", "pw-alice"], names=["alice"]), "auth")
    stay("a code, a wrong password, then somebody else: nothing of it is theirs",
         login("alice", token=[code("alice", access), ""], password=["no", "pw-bob"], names=["bob"]),
         "auth", "auth=nothing-typed")
    stay("somebody else with alice's code for her account: refused", login("bob", token=code("alice", access)),
         "auth=wrong-account")


policy(POLICY)
pam("login", no_delays((TOP / "packaging/pam/login").read_text()))
root_password()
with Jitd() as jitd:
    stay("no access: refused", login("alice", token="pw-alice"), "auth=not-a-token")
    access = grant("alice", "login:alice", by="carol")
    people(access)
    root("jitd runs")
    text = code("alice", access)
    jitd.hang()  # login of Debian 13 waits 5 s more
    hung = login("alice", token=text)
    check("jitd hung: refused in time", hung.code == 1 and hung.seconds < 12, hung)
    root("jitd hung")
    jitd.go_on()
    jitd.stop()
    dead = login("alice", token=text)
    check("jitd stopped: refused in time", dead.code == 1 and dead.seconds < 12, dead)
    root("jitd stopped")
    jitd.start(fresh=False)
    go("jitd back: the code is still good", login("alice", token=text))
finish()
