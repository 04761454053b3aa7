# SPDX-License-Identifier: Apache-2.0
"""
What is bound to an ssh key on a real sshd: it opens for whoever comes with that key, and for nobody else: not for
another key of the same account, not for a stolen token, not for a forged environment. A shared account opens to each
by their own key.
"""
from harness import *
from ssh_door import *

POLICY = """
rule "own" { who = {"alice"} scope = {"ssh:alice"} approvers = {"carol"} bind = {"ssh-key"} }
rule "shared" { who = {"alice", "bob"} scope = {"ssh:dbadmin"} approvers = {"carol"} bind = {"ssh-key"} }
rule "typed" { who = {"alice"} scope = {"ssh:deploy"} approvers = {"carol"} bind = {"ssh-key"} present = "typed" }
rule "free" { who = {"bob"} scope = {"ssh:bob"} approvers = {"carol"} }
"""
KEY, BOTH, PROMPTED, PASSWORD, SIGNED, LOOSE, HOSTS = 22, 2201, 2202, 2203, 2204, 2205, 2206
IN, SHARED, DEPLOY = "uid=2001(alice)", "uid=2010(dbadmin)", "uid=2011(deploy)"
ROAD, KEY_ROAD = "auth account open-session", "account open-session"
WRONG, UNSEEN = "account open-session=wrong-key", "account open-session=no-key"
ANYBODY = r"pam-jit: that opens nothing here\. A token or code is good once: jit token ID --code"
SECOND = pathlib.Path("/home/alice/.ssh/id_second")  # also alice's, and good for her account
FORGED = pathlib.Path("/home/alice/.pam_environment")


def fingerprint(key):
    return subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, text=True, check=True).stdout.split()[1]


def key_of(user):
    return pathlib.Path(pwd.getpwnam(user).pw_dir) / ".ssh" / "id_ed25519.pub"


def second_key():
    """alice's laptop, which is not the one that she asks from."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "second", "-f", SECOND], check=True)
    public = SECOND.with_suffix(".pub")
    for path in SECOND, public:
        shutil.chown(path, "alice", "alice")
    with open("/home/alice/.ssh/authorized_keys", "a") as file:
        file.write(public.read_text())


BY_SECOND = {"options": [f"IdentityFile={SECOND}", "IdentitiesOnly=yes"]}


def remarks(jitd, attempt):
    return " / ".join(event["text"] or "" for event in jitd.events(attempt.event_mark, attempt.pids)
                      if event["event"] == "check")


def opened(jitd, attempt):
    """Who, as whom, under which access."""
    return [(event["subject"], event["account"], event["access"]) for event in jitd.find(
        attempt, event="session-open") or []]


# ---- asking ----


def asking(jitd, first):
    said = run("alice", "jit", "request", "ssh:alice", "--no-wait")
    check("without a key that jitd knows: refused, and told how to name one", said.code == 1 and
          "--user-key" in said.output and "ssh-keygen -lf" in said.output and
          jitd.find(said, pid=False, event="refused", reason="user-key-missing"), said)
    said = run("alice", "jit", "request", "ssh:alice", "--no-wait", "--user-key", "MD5:00:11")
    check("what is no fingerprint: refused, and told what is", said.code == 2 and "ssh-keygen -lf" in said.output, said)
    access = request("alice", "ssh:alice", "--user-key", first)
    for command in ("pending",), ("show", str(access)), ("pending", "--json"):
        said = run("carol", "jitd-admin", *command)
        check(f"the approver reads the key: {command[0]}", first in said.output, said)
    check("it is in the log", any(first in (event["text"] or "") for event in jitd.events()
                                  if event["event"] == "request"), jitd.events())
    said = run_pty("carol", "jitd-admin", "approve", str(access))
    check("approve shows the key before the yes", said.code == 0 and first in said.output, said)
    return access


# ---- one's own account ----


def by_key_alone(jitd, access, first):
    attempt = ssh_key("alice", "id")
    walk("key alone, the right one: opens", jitd, attempt, KEY_ROAD, opens=IN)
    check("the log has the key by which it opened", f"ssh key {first} from" in remarks(jitd, attempt),
          remarks(jitd, attempt))
    attempt = ssh_key("alice", "id", **BY_SECOND)
    walk("key alone, another of the same account: refused, and told why", jitd, attempt, WRONG,
         says=rf"access {access} is bound to another ssh key than the one you came with\. See: jit show {access}")
    check("the log has the key that came", fingerprint(SECOND) in remarks(jitd, attempt), remarks(jitd, attempt))
    for name, arguments in (("on a terminal", ["-tt"]), ("sftp", ["-s"])):
        walk(f"another key, {name}: refused", jitd, ssh_key("alice", "sftp" if name == "sftp" else "id",
                                                            arguments=arguments, **BY_SECOND), WRONG)


def nothing_else_opens(jitd):
    """sshd keeps the connection after a session that PAM refuses: it must be good for nothing."""
    attempt = ssh_key("alice", arguments=["-W", f"{HOST}:{KEY}"], **BY_SECOND)
    walk("another key, -W to a port: refused", jitd, attempt, WRONG)
    check("not a byte came through", "SSH-2.0" not in attempt.output, attempt)
    client = ssh_client("alice", "publickey", arguments=["-N", "-L", f"4455:{HOST}:{KEY}"], **BY_SECOND)
    client.arrived()
    check("another key, -N: the session is refused", jitd.find(client.attempt, verdict="deny", reason="wrong-key"),
          jitd.events(client.attempt.event_mark))
    came = b""
    try:
        with socket.create_connection((HOST, 4455), timeout=5) as through:
            came = through.recv(64)
    except OSError:
        pass
    check("its forwarded port leads nowhere", came == b"", came)
    client.kill()


def by_key_and_prompt(jitd, access):
    walk("key and prompt, the right key: nothing is asked", jitd, ssh_key_kbdint("alice", "id", port=BOTH), ROAD, opens=IN,
         asked=0)
    for name, secret in ("token", token("alice", access)), ("code", code("alice", access)):
        walk(f"key and prompt, another key and a stolen {name}: refused", jitd,
             ssh_key_kbdint("alice", "id", answer=secret, port=BOTH, **BY_SECOND), "auth=wrong-key",
             says="is bound to another ssh key", asked=1)


def without_key(jitd, access):
    secret = token("alice", access)
    walk("no key, a stolen token at the prompt: refused as everything is", jitd,
         ssh_kbdint("carol", "id", to="alice", answer=secret, port=PROMPTED), "auth=no-key", says=ANYBODY, asked=1)
    walk("no key, the same as the password: refused", jitd,
         ssh_password("carol", "id", to="alice", answer=secret, port=PASSWORD), "auth=no-key", asked=1)
    walk("nor was it spent", jitd, ssh_key_kbdint("alice", "id", answer=secret, port=BOTH), ROAD, opens=IN, asked=0)


# ---- what is typed ----


def typed(jitd, first):
    access = grant("alice", "ssh:deploy", "--user-key", first, by="carol")
    for name, make in ("token", token), ("code", code):
        secret = make("alice", access)
        walk(f"typed: a stolen {name} with the thief's own key: refused", jitd,
             ssh_key_kbdint("bob", "id", to="deploy", answer=secret, port=BOTH), "auth=wrong-key", asked=1)
        walk(f"typed: a stolen {name} without a key: refused", jitd,
             ssh_kbdint("bob", "id", to="deploy", answer=secret, port=PROMPTED), "auth=no-key", asked=1)
        attempt = ssh_key_kbdint("alice", "id", to="deploy", answer=secret, port=BOTH)
        walk(f"typed: the {name} with its key: opens", jitd, attempt, ROAD, opens=DEPLOY, asked=1)
        check("it is alice's", opened(jitd, attempt) == [("alice", "deploy", access)], opened(jitd, attempt))
        walk(f"typed: the same {name} again: refused", jitd,
             ssh_key_kbdint("alice", "id", to="deploy", answer=secret, port=BOTH), "auth=token-used", asked=1)
    secret = token("alice", access)
    check("a bound token fits a prompt", len(secret) <= 511, len(secret))
    print(f"# a bound token has {len(secret)} bytes")
    revoke("carol", access)


# ---- asked from a login ----


def from_a_login(jitd, first):
    attempt = ssh_key("alice", "jit request ssh:dbadmin --no-wait --json --reason x")
    asked = json.loads(attempt.output) if attempt.code == 0 else {}
    check("asked from her login, the key is the login's", asked.get("user_key") == first, attempt)
    attempt = ssh_key("alice", f"setsid jit request ssh:deploy --no-wait --json --user-key {fingerprint(SECOND)} "
                               "--reason x")
    named = json.loads(attempt.output) if attempt.code == 0 else {}
    check("unless another is named", named.get("user_key") == fingerprint(SECOND), attempt)
    run("alice", "jit", "cancel", str(named.get("id")))
    return asked.get("id")


# ---- a shared account ----


def shared(jitd, pending, first):
    walk("shared account, nobody holds an access: refused before the session", jitd,
         ssh_key("alice", "id", to="dbadmin"), "account=no-access")
    alices = approve("carol", pending)
    attempt = ssh_key("alice", "id", to="dbadmin")
    walk("shared account, alice's key: opens with nothing to type", jitd, attempt, KEY_ROAD, opens=SHARED)
    check("it is alice's session as dbadmin", opened(jitd, attempt) == [("alice", "dbadmin", alices)],
          opened(jitd, attempt))
    found = jitd.find(attempt, phase="open-session", verdict="allow")
    check("the event names her and her key", found and found[0]["subject"] == "alice" and
          first in found[0]["text"], found)
    found = jitd.find(attempt, phase="account", verdict="allow")
    check("before its key is seen it names nobody", found and not found[0]["subject"] and not found[0]["access"], found)
    for user in "bob", "carol":
        attempt = ssh_key(user, "id", to="dbadmin")
        walk(f"shared account, {user}'s key without an access: refused", jitd, attempt,
             "account open-session=no-access", says="you hold no access for this")
        check("the log has the key that came", fingerprint(key_of(user)) in remarks(jitd, attempt), remarks(jitd, attempt))
    bobs = grant("bob", "ssh:dbadmin", "--user-key", fingerprint(key_of("bob")), by="carol")
    for user, access in ("bob", bobs), ("alice", alices):
        attempt = ssh_key_kbdint(user, "id", to="dbadmin", port=BOTH)
        walk(f"shared account, {user}'s key and prompt: nothing is asked", jitd, attempt, ROAD, opens=SHARED, asked=0)
        check(f"it is {user}'s", opened(jitd, attempt) == [(user, "dbadmin", access)], opened(jitd, attempt))
    walk("shared account, another key of alice's: refused", jitd, ssh_key("alice", "id", to="dbadmin", **BY_SECOND),
         "account open-session=no-access")
    for name, lock, reason in ("locked", ("lock", "alice"), "locked"), ("unlocked", ("unlock", "alice"), None):
        said = run("root", "jitd-admin", *lock)
        if said.code != 0:
            raise SystemExit(f"jitd-admin {lock}: {said}")
        walk(f"shared account, alice {name}", jitd, ssh_key("alice", "id", to="dbadmin"),
             "account open-session" + (f"={reason}" if reason else ""), opens=None if reason else SHARED)
    revoke("carol", alices)
    walk("shared account, alice's revoked, bob's not: alice is refused", jitd, ssh_key("alice", "id", to="dbadmin"),
         "account open-session=no-access")
    attempt = ssh_key("bob", "id", to="dbadmin")
    walk("... and bob comes in", jitd, attempt, KEY_ROAD, opens=SHARED)
    revoke("carol", bobs)
    said = run("bob", "jit", "request", "ssh:dbadmin", "--no-wait", "--user-key", first)
    check("bob may name alice's key: it opens for nobody but her", said.code == 0, said)
    run("bob", "jit", "cancel", re.search(r"access (\d+)", said.output).group(1))


# ---- forged ----


def forgery(path, text, owner):
    path.write_text(text)
    shutil.chown(path, owner, owner)


def stack(*changes):
    text = (TOP / "packaging/pam/sshd").read_text()
    for old, new in changes:
        if old not in text:
            raise SystemExit(f"packaging/pam/sshd has no line {old!r}")
        text = text.replace(old, new)
    pam("sshd", witnessed(text))


SESSION_LINE = "session    required   pam_jit.so\n"
LAST_ENV = "session    required   pam_env.so envfile=/etc/default/locale\n"
READS_HOME = "session    required   pam_env.so user_readenv=1 envfile=/etc/default/locale\n"


def forged(jitd, first):
    """Whoever writes to alice's home says there that sshd has seen her key."""
    line = " ".join(key_of("alice").read_text().split()[:2])
    forgery(FORGED, f'SSH_AUTH_INFO_0 DEFAULT="publickey {line}"\n', "alice")
    forgery(pathlib.Path("/home/alice/.ssh/environment"), f"SSH_AUTH_INFO_0=publickey {line}\n", "alice")
    second = SECOND.with_suffix(".pub").read_text()
    forgery(pathlib.Path("/home/alice/.ssh/authorized_keys"),
            key_of("alice").read_text() + f'environment="SSH_AUTH_INFO_0=publickey {line}" {second}', "alice")
    env = BY_SECOND["options"] + [f'SetEnv=SSH_AUTH_INFO_0="publickey {line}"']
    stacks = (("as published", ()), ("pam_env of the home below ours", ((LAST_ENV, READS_HOME),)),
              ("pam_env of the home in auth, above ours",
               (("auth       required   pam_jit.so\n",
                 "auth       optional   pam_env.so user_readenv=1\nauth       required   pam_jit.so\n"),)))
    for name, changes in stacks:
        stack(*changes)
        for port, road, ask in (KEY, WRONG, ssh_key), (LOOSE, WRONG, ssh_key), (BOTH, "auth=wrong-key", ssh_key_kbdint):
            more = {"answer": ""} if ask is ssh_key_kbdint else {}
            road = "auth=nothing-typed" if more else road
            walk(f"forged environment, {name}, port {port}: refused", jitd,
                 ask("alice", "id", port=port, options=env, **more), road)
        walk(f"forged environment, {name}: the right key opens", jitd, ssh_key("alice", "id"), KEY_ROAD, opens=IN)
        walk(f"forged environment, {name}: no key at all is no key", jitd,
             ssh_kbdint("alice", "id", answer="", port=PROMPTED, options=env), "auth=nothing-typed", says=ANYBODY)
    stack((SESSION_LINE, ""), (LAST_ENV, READS_HOME + SESSION_LINE))
    walk("with our session line below pam_env of the home it would open: so the published order matters", jitd,
         ssh_key("alice", "id", **BY_SECOND), KEY_ROAD, opens=IN)
    stack((SESSION_LINE, 'session    required   pam_env.so conffile=/etc/blank.conf\n' + SESSION_LINE))
    pathlib.Path("/etc/blank.conf").write_text('SSH_AUTH_INFO_0 DEFAULT="nothing"\n')
    walk("with pam_env above ours taking it away: refused, and told what is missing", jitd, ssh_key("alice", "id"),
         UNSEEN, says="AuthenticationMethods publickey.*pam_env.so")
    FORGED.unlink()
    stack()


# ---- a certificate ----


def certificate(jitd):
    def sign(key):
        subprocess.run(["ssh-keygen", "-q", "-s", "/root/ca", "-I", "test", "-n", "alice", f"{key}.pub"], check=True)
        shutil.chown(f"{key}-cert.pub", "alice", "alice")
        return {"options": [f"IdentityFile={key}", f"CertificateFile={key}-cert.pub", "IdentitiesOnly=yes"], "port": SIGNED}
    first = sign(key_of("alice").with_suffix(""))
    second = sign(SECOND)
    pathlib.Path("/home/alice/.ssh/authorized_keys").unlink()
    attempt = ssh_key("alice", "id", **first)
    walk("certificate of the key: opens", jitd, attempt, KEY_ROAD, opens=IN)
    check("it came by the certificate", syslog.find(r"Accepted (certificate|publickey).*-CERT", attempt.log_mark),
          syslog.lines[attempt.log_mark:])
    walk("certificate of another key: refused", jitd, ssh_key("alice", "id", **second), WRONG)


# ---- neither ----


def by_host(jitd):
    """sshd vouches for whoever a trusted host vouches for: there is no key of theirs."""
    name = os.uname().nodename
    with open("/etc/ssh/ssh_known_hosts", "a") as known:
        known.write(f"{name},{name}. " + pathlib.Path("/etc/ssh/ssh_host_ed25519_key.pub").read_text())
    with open("/etc/hosts", "a") as hosts:
        hosts.write(f"127.9.0.1 {name}\n")
    pathlib.Path("/etc/ssh/shosts.equiv").write_text(f"{name}\n{name}.\n")
    pathlib.Path("/etc/ssh/ssh_config").write_text("EnableSSHKeysign yes\n")
    attempt = ssh_client("alice", "hostbased", "id", port=HOSTS, source="127.9.0.1",
                         options=["HostbasedAuthentication=yes"]).end()
    walk("by the word of a trusted host: no key is seen, refused", jitd, attempt, UNSEEN,
         says="bound to an ssh key, and none is seen here")


add_account("dbadmin", 2010)
add_account("deploy", 2011)
give_key("alice", "alice", "dbadmin", "deploy")
give_key("bob", "bob", "dbadmin", "deploy")
give_key("carol", "dbadmin")
second_key()
with open("/home/dbadmin/.ssh/authorized_keys", "a") as keys:
    keys.write(SECOND.with_suffix(".pub").read_text())
subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/ca"], check=True)
policy(POLICY)
pam("sshd", witnessed())
first = fingerprint(key_of("alice"))
with Sshd("publickey"), Sshd("publickey,keyboard-interactive", BOTH), Sshd("keyboard-interactive", PROMPTED), \
        Sshd("password", PASSWORD), Sshd("publickey", SIGNED, TrustedUserCAKeys="/root/ca.pub"), \
        Sshd("publickey", LOOSE, AcceptEnv="*", PermitUserEnvironment="yes"), \
        Sshd("hostbased", HOSTS, HostbasedAuthentication="yes", HostbasedUsesNameFromPacketOnly="yes",
             IgnoreRhosts="yes"), Jitd() as jitd:
    access = asking(jitd, first)
    by_key_alone(jitd, access, first)
    nothing_else_opens(jitd)
    by_key_and_prompt(jitd, access)
    without_key(jitd, access)
    typed(jitd, first)
    shared(jitd, from_a_login(jitd, first), first)
    forged(jitd, first)
    certificate(jitd)
    by_host(jitd)
finish()
