# SPDX-License-Identifier: Apache-2.0
"""
The signing keys of a host: listed and told to everybody, rotated and retired by administrators. A real sudo goes on through a
rotation, a restart and another algorithm, and ends with the key that signed for it.
"""
from commands_tool import *

KEY = {"kid": str, "algorithm": str, "state": str, "made": Time, "not_before": (Time, None), "not_after": (Time, None),
       "retired": (Time, None)}
FOLDER = pathlib.Path("/var/lib/jitd/keys")
TYPED = 'rule "typed" { who = {"alice"} scope = {"ssh:alice"} approvals = 0 present = "typed" }\n'


def keys():
    return tool("root", "jitd-admin", "keys", "list", "--json").json


def key(state):
    """The kid of the one key in that state."""
    kid, = [one["kid"] for one in keys() if one["state"] == state]
    return kid


def exported(user="carol"):
    said = tool(user, "jitd-admin", "keys", "export")
    return {one["kid"]: one for one in (said.json or {"keys": []})["keys"]}


def sudo():
    return run("alice", "sudo", "-n", "id", "-u")


def try_listing():
    said = tool("carol", "jitd-admin", "keys", "list", "--json")
    shaped("keys list --json: everybody may", said, [KEY], state="next", algorithm="ES256", not_before=None)
    done("keys list", tool("dora", "jitd-admin", "keys", "list"),
         r"^KEY +ALGORITHM +STATE +MADE +SIGNS FROM +VERIFIES UNTIL\n\S{8} +ES256 +current .*\n\S{8} +ES256 +next ")
    told = exported()
    check("keys export: the current and the next one, nothing private",
          set(told) == {key("current"), key("next")} and
          all(set(one) == {"alg", "crv", "kid", "kty", "use", "x", "y"} and one["alg"] == "ES256" and one["use"] == "sig"
              for one in told.values()), told)


def try_refusals(jitd):
    for user, reason, says in (("alice", "not-allowed", "only administrators do this"),
                               ("dora", "not-allowed", "only administrators do this")):
        for words in ("rotate",), ("retire", "--", key("current")):
            refused(jitd, f"keys {words[0]} by {user}", user, "jitd-admin", "keys", *words, says=says, reason=reason)
    refused(jitd, "keys retire: no such key", "adam", "jitd-admin", "keys", "retire", "--", "AAAAAAAA",
            says="no such key: AAAAAAAA; right is a kid of jitd-admin keys list", reason="unknown-key")
    refused(jitd, "keys retire: no kid", "adam", "jitd-admin", "keys", "retire", says="KID is missing", code=2)
    refused(jitd, "keys: which?", "adam", "jitd-admin", "keys",
            says="no command given; it is one of: list, rotate, retire, export", code=2)


def try_rotation(jitd):
    access = grant("alice", "sudo:root", by="bob")
    old, coming = key("current"), key("next")
    cell("before: opens", jitd, sudo(), opens="0")
    done("keys rotate", tool("adam", "jitd-admin", "keys", "rotate"),
         rf"^rotated: {coming} signs now; {old} verifies until 20\S+Z; \S{{8}} is next, for jitd-admin keys export\n$")
    check("each moved by one", key("current") == coming and key("retiring") == old, keys())
    check("keys export: all three", set(exported()) == {key("current"), key("next"), key("retiring")}, exported())
    cell("after: opens still", jitd, sudo(), opens="0")
    jitd.kill()
    jitd.start(fresh=False)
    cell("after kill -9: opens still", jitd, sudo(), opens="0")
    other = request("alice", "sudo:bin")
    done("keys retire", tool("adam", "jitd-admin", "keys", "retire", "--", old), rf"^retired: key {old} is gone; 1 access revoked\n$")
    cell("the next sudo is refused", jitd, sudo(), opens=False, reason="revoked", says="was revoked")
    check("only what it signed is revoked", state(access) == "revoked" and state(other) == "active")
    check("its file is gone", not (FOLDER / f"{old}.pem").exists() and len(list(FOLDER.iterdir())) == 2, list(FOLDER.iterdir()))
    check("keys export: without it", old not in exported(), exported())
    refused(jitd, "keys retire: gone already", "adam", "jitd-admin", "keys", "retire", "--", old, says=f"key {old} is gone already",
            reason="state")
    run("alice", "jit", "cancel", str(other))


def try_current(jitd):
    access, old, coming = grant("alice", "sudo:root", by="bob"), key("current"), key("next")
    done("keys retire: the current one", tool("root", "jitd-admin", "keys", "retire", "--", old),
         rf"^retired: key {old} is gone; 1 access revoked; {coming} signs now\n$")
    check("the next one signs", key("current") == coming and state(access) == "revoked", keys())
    grant("alice", "sudo:root", by="bob")
    cell("with a new access: opens", jitd, sudo(), opens="0")


def try_algorithm(jitd):
    old = key("current")
    jitd.stop()
    with open(CONFIG, "a") as conf:
        conf.write('algorithm = "RS256"\n')
    jitd.start(fresh=False)
    check("another algorithm: a rotation", key("retiring") == old and
          {one["algorithm"] for one in keys() if one["state"] in ("current", "next")} == {"RS256"}, keys())
    cell("what the old key signed: opens", jitd, sudo(), opens="0")
    done("keys retire: the old one", tool("adam", "jitd-admin", "keys", "retire", "--", old), "1 access revoked")
    cell("and no more", jitd, sudo(), opens=False, reason="revoked")
    grant("alice", "sudo:root", by="bob")
    cell("what the new key signs: opens", jitd, sudo(), opens="0")
    access = str(request("alice", "ssh:alice"))
    said = tool("alice", "jit", "token", access)
    check("jit token: a code, and why", said.code == 0 and re.fullmatch(r"\S{5}-\S{5}\n", said.out)
          and re.search(r"would have \d{3} bytes, and a prompt takes 511: this is a code", said.err), said)
    warned = tool("carol", "jitd-admin", "policy", "check")
    check("policy check: typed tokens are codes there", 'present: rule "typed": a token signed with RS256 is too long' in
          warned.out + warned.err, warned)
    jitd.stop()
    pathlib.Path(CONFIG).write_text(pathlib.Path(CONFIG).read_text().replace('algorithm = "RS256"\n', ""))
    jitd.start(fresh=False)
    cell("and back: opens still", jitd, sudo(), opens="0")


def try_files(jitd):
    """What a start makes of the folder, told where somebody looks."""
    run("root", "jitd-admin", "revoke", "--all")
    grant("alice", "sudo:root", by="bob")
    cell("by the current key: opens", jitd, sudo(), opens="0")
    jitd.stop()
    lost, stray = FOLDER / f"{key_on_disk('current')}.pem", FOLDER / "notes.txt"
    stray.write_text("remember the milk\n")
    said = tool("root", "/usr/sbin/jitd")
    check("a stray file stops the start, by name", said.code == 1 and f"{stray}: not a key's file" in said.err, said)
    stray.unlink()
    lost.unlink()
    jitd.start(fresh=False)
    check("a missing file: that key is gone, and said so", any(
        event["event"] == "key" and event["text"].endswith(" gone: its file is missing") for event in jitd.events()))
    cell("nothing that it signed opens", jitd, sudo(), opens=False, reason="revoked")


def key_on_disk(state):
    import sqlite3
    with sqlite3.connect("/var/lib/jitd/jitd.db") as database:
        return database.execute("SELECT kid FROM key WHERE state = ?", (state,)).fetchone()[0]


def try_secrecy(jitd):
    private = [(FOLDER / f"{one['kid']}.pem").read_text().splitlines()[1] for one in keys() if one["state"] != "gone"]
    said = jitd.log.read_text() + json.dumps(jitd.events()) + json.dumps(exported()) + json.dumps(keys())
    check("no line of a private key is in the log, an event or an answer",
          private and not any(line in said for line in private))


prepare()
policy(POLICY + TYPED)
pam("sudo")
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
with Jitd() as daemon:
    try_listing()
    try_refusals(daemon)
    try_rotation(daemon)
    try_current(daemon)
    try_algorithm(daemon)
    try_files(daemon)
    try_secrecy(daemon)
finish()
