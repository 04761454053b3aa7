# SPDX-License-Identifier: Apache-2.0
"""
Asked for at one host, used at another: a bastion where somebody says yes, web1 that trusts its tokens, and web2 that does
too. Each is a host of its own with its own address, jitd, sshd and /etc; ssh between them is real.
"""
import base64

from harness import *
from hosts import Hosts

BASTION = """
rule "web-logins" {
	who = {"alice", "bob"} scope = {"ssh:~"} hosts = {"web*.example.org"} approvers = {"carol"} max = "1h"
}
rule "at-once" { who = {"alice"} scope = {"sudo:root"} hosts = {"web*.example.org"} approvals = 0 }
"""
WEB = """
rule "from-bastion" { who = {"alice", "bob"} scope = {"ssh:~"} via = "bastion" approvals = 0 max = "1h" }
rule "root" { who = {"alice"} scope = {"sudo:root"} via = "bastion" approvers = {"carol"} max = "1h" }
"""
TRUST = """
trust "bastion" {
	issuer = "bastion.example.org" audience = {"%s"} jwks = "/etc/jitd/bastion.jwks" algorithms = {"ES256"}
	scope-claim = "scope" scope = {"ssh:~", "sudo:root"}
}
"""
KEY, BOTH = 2200, 2201
IN = "uid=2001(alice)"


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def granted(hosts, *more, on="web1.example.org", user="alice"):
    """An access for that host, asked for and approved at the bastion."""
    return hosts.bastion.approve("carol", hosts.bastion.request(user, f"ssh:{user}", "--on", on, *more))


def fresh(hosts, **more):
    return hosts.bastion.token(more.get("user", "alice"), granted(hosts, **more))


def login(name, hosts, token, opens=True, reason=None, at="web1", user="alice", **more):
    """From the bastion with what is typed at the prompt; what that host's jitd says of it counts."""
    host = getattr(hosts, at)
    mark = host.last_event()
    said = hosts.bastion.ssh(user, host.name, "id", answer=token, **more)
    wanted = {"event": "check", "phase": "auth", "verdict": "allow" if opens else "deny"}
    if reason:
        wanted["reason"] = reason
    found = wait_for(lambda: host.events(mark, **wanted), 5)
    opened = said.code == 0 and IN.replace("alice", user) in said.output
    return check(name, opened == opens and found, f"{said}; {host.events(mark)}")


def publish(hosts, text=None, source="bastion"):
    """The bastion's keys, as its administrator hands them over, or another file in their place."""
    keys = text or getattr(hosts, source).root("jitd-admin keys export").strip()
    for host in hosts.web1, hosts.web2:
        host.write("/etc/jitd/bastion.jwks", keys)


def there(host):
    """The newest access of that host."""
    return host.accesses()[-1]


# ---- the main road ----


def main_road(hosts):
    token = fresh(hosts)
    check("without its keys nothing of the bastion counts, and web1 runs all the same",
          login("no keys yet: refused", hosts, token, opens=False, reason="token-key-unknown"))
    publish(hosts)
    access = hosts.bastion.request("alice", "ssh:alice", "--on", "web1.example.org", "--for", "10m")
    said = hosts.bastion.run("alice", "jit", "token", str(access))
    check("before the yes there is no token", said.code == 1 and "waits for its approval" in said.output, said)
    hosts.bastion.approve("carol", access)
    said = hosts.bastion.run("alice", "jit", "token", str(access), "--code")
    check("there is no code of it", said.code == 1 and "codes work only where the token is" in said.output, said)
    token = hosts.bastion.token("alice", access)
    shown = hosts.bastion.access(access)
    check("the token is for web1 alone, and says until when", claims(token)["aud"] == "web1.example.org" and
          claims(token)["iss"] == "bastion.example.org" and claims(token)["until"] > claims(token)["exp"] and
          shown["host"] == "web1.example.org", claims(token))
    login("web1 takes what was granted at the bastion, typed at ssh's prompt", hosts, token)
    made = there(hosts.web1)
    check("it is an access of web1 by now", (made["via"], made["issuer"], made["foreign"], made["rule"], made["subject"]) ==
          ("bastion", "bastion.example.org", access, "from-bastion", "alice") and made["until"] == made["ends"] ==
          shown["until"], made)
    login("the same token again: refused", hosts, token, opens=False, reason="token-used")
    check("and it made no second access", there(hosts.web1)["id"] == made["id"])
    mine = hosts.web1.run("alice", "jit", "show", str(made["id"]))
    check("jit show tells where it came from", f"access {access} there" in mine.output and
          "bastion.example.org" in mine.output, mine)
    return made


def one_host_alone(hosts):
    token = fresh(hosts)
    login("a token for web1 dies on web2", hosts, token, opens=False, reason="token-audience", at="web2")
    said = hosts.bastion.run("alice", "jit", "present", stdin=token)
    check("and on the bastion itself", said.code == 1 and "this host's own" in said.output, said)
    login("at web1 it is good still", hosts, token)
    said = hosts.bastion.run("alice", "jit", "request", "ssh:alice", "--on", "db1.example.org")
    check("for other hosts the bastion's rules say no", said.code == 1 and "no rule lets alice" in said.output, said)
    said = hosts.web1.run("alice", "jit", "request", "ssh:alice")
    check("web1 itself gives nothing without the bastion's word", said.code == 1 and "no rule lets alice" in said.output,
          said)


# ---- brought in ----


def brought_in(hosts):
    token = fresh(hosts)
    said = hosts.web1.run("bob", "jit", "present", stdin=token)
    check("nobody else brings it in", said.code == 1 and "stands for alice" in said.output, said)
    said = hosts.web1.run("alice", "jit", "present", "--json", stdin=token + "\n")
    made = json.loads(said.out) if said.code == 0 else {}
    check("whom it stands for does: held until the token's end", made.get("state") == "active" and
          made.get("present") == "held" and made.get("via") == "bastion", said)
    said = hosts.web1.run("alice", "jit", "present", stdin=token)
    check("once", said.code == 1 and "used already" in said.output, said)
    said = hosts.bastion.ssh("alice", "web1.example.org", "id", methods="publickey", port=KEY)
    check("held: her key alone opens web1, and nothing is typed", said.code == 0 and IN in said.output, said)
    said = hosts.bastion.ssh("alice", "web2.example.org", "id", methods="publickey", port=KEY)
    check("and not web2", said.code == 255 and "you hold no access" in said.output, said)
    return made


def decided_again(hosts):
    """web1's own rule may want somebody's yes besides."""
    said = hosts.bastion.run("alice", "jit", "request", "sudo:root", "--on", "web1.example.org", "--no-wait")
    token = said.out.strip()
    check("granted at once at the bastion: the token stands alone on standard output", said.code == 0 and
          token.count(".") == 2 and "\n" not in token, said)
    said = hosts.web1.run("alice", "jit", "present", "--json", stdin=token)
    made = json.loads(said.out) if said.code == 0 else {}
    check("web1 waits for a yes of its own", made.get("state") == "pending" and made.get("rule") == "root", said)
    said = hosts.web1.run("alice", "sudo", "-n", "id")
    check("before it sudo is refused", said.code != 0 and "waits for its approval" in said.output, said)
    hosts.web1.approve("carol", made["id"])
    said = hosts.web1.run("alice", "sudo", "-n", "id", "-u")
    check("after it sudo opens", said.code == 0 and said.output.strip() == "0", said)


# ---- ends ----


def ends(hosts):
    token = hosts.bastion.token("alice", granted(hosts, "--for", "8s"))
    said = hosts.web1.run("alice", "jit", "present", "--json", stdin=token)
    made = json.loads(said.out) if said.code == 0 else {}
    check("it ends when the bastion's grant does", made.get("ends") and made.get("until") == made.get("ends"), said)
    gone = wait_for(lambda: hosts.web1.access(made["id"])["state"] == "expired", 30)
    check("and web1 ends it by itself", gone, hosts.web1.access(made["id"]))
    # the token is over by the wall clock, the access by that or the other one: less than a second may lie between
    said = wait_for(lambda: (again := hosts.web1.run("alice", "jit", "present", stdin=token)) and "used already" not in again.output
                    and again, 5)
    check("what is over is not brought in", said and said.code == 1 and "token-expired" in said.output, said)


def revoked(hosts):
    here = granted(hosts)
    token = hosts.bastion.token("alice", here)
    spare = hosts.bastion.token("alice", here)
    login("a session at web1", hosts, token)
    made = there(hosts.web1)
    hosts.bastion.root(f"jitd-admin revoke {here}")
    check("revoked at the bastion: there it is over", hosts.bastion.access(here)["state"] == "revoked")
    check("at web1 it goes on: nobody there was told", hosts.web1.access(made["id"])["state"] == "active")
    login("and a token that was out already counts there still", hosts, spare)
    hosts.web1.root(f"jitd-admin revoke {made['id']}")
    said = hosts.web1.run("alice", "jit", "token", str(made["id"]))
    check("revoked at web1 it is over at web1", said.code == 1 and hosts.web1.access(made["id"])["state"] == "revoked", said)
    kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "==="))["kid"]
    hosts.web1.root(f"jitd-admin revoke --key {kid}")
    check("and with the key all that came by it", all(access["state"] != "active" for access in hosts.web1.accesses()
                                                      if access["via"]), hosts.web1.accesses())


# ---- keys ----


def keys(hosts):
    hosts.bastion.root("jitd-admin keys rotate")
    login("the bastion's next key was handed over with the others: a rotation needs no new file", hosts, fresh(hosts))
    token = fresh(hosts)
    mark = hosts.web1.last_event()
    publish(hosts, source="web2")
    login("another file in its place is read at the next token: the bastion's keys are nobody's now", hosts, token,
          opens=False, reason="token-key-unknown")
    check("and web1 says that it has other keys", hosts.web1.events(mark, event="trust", verdict="allow"),
          hosts.web1.events(mark))
    publish(hosts)
    login("with its own file back it counts again", hosts, token)
    mark = hosts.web1.last_event()
    publish(hosts, "{ this is no JWK Set")
    login("a broken file changes nothing", hosts, fresh(hosts))
    check("and is told", hosts.web1.events(mark, event="trust", verdict="deny"), hosts.web1.events(mark))
    reload = hosts.web1.root("jitd-admin policy reload")
    check("a reload tells as well", "1 trust without a good file of keys" in reload, reload)
    publish(hosts)
    hosts.web1.root("chmod 666 /etc/jitd/bastion.jwks; jitd-admin policy reload")
    check("what others may write is not read", "mode 0666" in str(hosts.web1.events(mark, event="trust", verdict="deny")))
    publish(hosts)


# ---- askpass, an ssh key ----


def askpass(hosts):
    granted(hosts)
    for host, opens in ("web1.example.org", True), ("web1", True), ("web2.example.org", False):
        said = hosts.bastion.ssh("alice", host, "id", askpass="/usr/bin/jit-askpass")
        check(f"jit-askpass answers the prompt of {host}: {opens}", (said.code == 0 and IN in said.output) == opens, said)


def bound(hosts):
    """A token that is bound to a key is worth nothing to who steals it, also with a key of theirs that opens the account."""
    print_of = hosts.bastion.root("ssh-keygen -lf /home/alice/.ssh/id_ed25519.pub").split()[1]
    token = hosts.bastion.token("alice", granted(hosts, "--user-key", print_of))
    check("the token names the key", claims(token)["cnf"] == {"ssh": print_of}, claims(token))
    methods = {"methods": "publickey,keyboard-interactive", "port": BOTH}
    login("stolen, with another key of that account: refused", hosts, token, opens=False, reason="wrong-key",
          key="~/.ssh/thief", **methods)
    login("stolen, with no key: refused", hosts, token, opens=False, reason="no-key")
    login("with its key it opens", hosts, token, **methods)


# ---- the trust taken out ----


def taken_out(hosts):
    token, spare = fresh(hosts), fresh(hosts)
    said = hosts.web1.run("alice", "jit", "present", "--json", stdin=token)
    made = json.loads(said.out)["id"]
    said = hosts.bastion.ssh("alice", "web1.example.org", "id", methods="publickey", port=KEY)
    check("while web1 trusts the bastion her key opens", said.code == 0, said)
    hosts.web1.conf("")
    said = hosts.web1.run("root", "/usr/sbin/jitd", "--check")
    check("jitd --check warns of rules that name it", said.code == 0 and 'jitd.conf has no trust "bastion"' in said.output, said)
    hosts.web1.jitd()
    said = hosts.bastion.ssh("alice", "web1.example.org", "id", methods="publickey", port=KEY)
    check("without the trust what came by it opens nothing", said.code != 0 and "uid=" not in said.output and
          "does not trust any more" in said.output, said)
    check("though it is an access still", hosts.web1.access(made)["state"] == "active")
    login("and its tokens are nobody's", hosts, spare, opens=False, reason="token-key-unknown")


sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
pam("sshd")
with Hosts("bastion", "web1", "web2") as hosts:
    for host in hosts.all:
        host.policy(BASTION if host is hosts.bastion else WEB)
        host.conf("" if host is hosts.bastion else TRUST % host.name)
        host.jitd()
    key, thiefs = hosts.bastion.give_key("alice"), hosts.bastion.give_key("alice", "thief")
    for host in hosts.web1, hosts.web2:
        host.authorize("alice", key, thiefs)
        host.sshd("keyboard-interactive")
        host.sshd("publickey", KEY)
        host.sshd("publickey,keyboard-interactive", BOTH)
    main_road(hosts)
    one_host_alone(hosts)
    brought_in(hosts)
    decided_again(hosts)
    ends(hosts)
    revoked(hosts)
    keys(hosts)
    askpass(hosts)
    bound(hosts)
    taken_out(hosts)
finish()
