# SPDX-License-Identifier: Apache-2.0
"""
Hostile and good tokens of other issuers: every kind once more as tokens of a trust, and what is possible only where there
are several: keys, kids and names taken for one another's. Through `token explain`, PAM and `jit present`; a good one opens
once, whoever presents it in which spelling. JIT_HOSTILE: how many times over; JIT_SEED: which ones.
"""
import random

from harness import *
from pam_host import SUCCESS, Login, logins
from ssh_door import *
from token_crowd import ALONE, SEED, explain_all, host_all, kibibytes, sample, shown, used_ones
from token_rows import burned, signing_key

from forge import Draft, escaped, number, quote  # noqa: E402: token_rows says where it is
from generate import Mint, generate
from keys import EcKey, RsaKey, jwk_set
from respell import malleated

PASSES, CROWD, ROUNDS = int(os.environ.get("JIT_HOSTILE", 1)), 64, int(os.environ.get("JIT_ROUNDS", 3))
HOST, US = "pam-jit", "https://pam-jit"
CI, IDP, OLD, IDLE = (f"https://{name}.example.org" for name in ("ci", "idp", "old", "idle"))
REQUIRED = (("ref", b'"main"'), ("protected", b"true"), ("project", b'"ops/deploy"'))
SHARED = "shared-1"
CONF = f"""
trust "ci" {{
  issuer = "{CI}" audience = {{"{US}"}} jwks = "/etc/jitd/ci.jwks" algorithms = {{"ES256"}} max-ttl = "12h"
  scope = {{"ssh:alice"}} require = {{"ref=main", "protected=true", "project=ops/deploy"}}
}}
trust "idp" {{
  issuer = "{IDP}" audience = {{"{US}", "{HOST}"}} jwks = "/etc/jitd/idp.jwks" algorithms = {{"ES256", "RS256"}} max-ttl = "1h"
  subject-claim = "preferred_username" subject-map = {{"svc-*=alice", "root=root2"}}
  scope = {{"ssh:~"}} scope-claim = "scope"
}}
trust "old" {{
  issuer = "{OLD}" audience = {{"{US}"}} jwks = "/etc/jitd/old.jwks" algorithms = {{"RS256"}} max-ttl = "1h" scope = {{"ssh:alice"}}
}}
trust "idle" {{
  issuer = "{IDLE}" audience = {{"{US}"}} jwks = "/etc/jitd/idle.jwks" algorithms = {{"ES256"}} max-ttl = "1h" scope = {{"ssh:alice"}}
}}
"""
POLICY = """
defaults { max = "8h" default = "8h" present = "typed" uses = 0 }
rule "trusted" { who = {"alice", "bob"} scope = {"ssh:alice", "ssh:bob"} via = "ci" approvals = 0 }
rule "idp" { who = {"alice", "bob"} scope = {"ssh:alice", "ssh:bob"} via = "idp" approvals = 0 }
rule "old" { who = {"alice"} scope = {"ssh:alice"} via = "old" approvals = 0 }
rule "own" { who = {"alice", "bob"} scope = {"ssh:alice"} approvals = 0 }
"""
pick = random.Random(f"{SEED}/foreign")


class Named:
    """A key under another kid."""

    def __init__(self, key, kid):
        self.key, self.kid = key, kid

    def __getattr__(self, name):
        return getattr(self.key, name)


def publish(**sets):
    for name, keys in sets.items():
        path = pathlib.Path(f"/etc/jitd/{name}.jwks")
        path.write_bytes(jwk_set(*keys))
        path.chmod(0o644)


# ---- one taken for another ----


class Parties:
    """Issuers and their keys. `shared` is a kid that two of them use, `ours` one of theirs that calls itself ours."""

    def __init__(self, now, own):
        self.now, self.own = now, own
        self.ci, self.idp, self.idle, self.rsa = EcKey.made(pick), EcKey.made(pick), EcKey.made(pick), RsaKey.made(pick)
        self.ci_shared, self.idp_shared = Named(EcKey.made(pick), SHARED), Named(EcKey.made(pick), SHARED)
        self.ours = Named(EcKey.made(pick), own.kid)

    def publish(self):
        publish(ci=[self.ci, self.ci_shared, self.ours, self.rsa], idp=[self.idp, self.idp_shared],
                old=[self.rsa, self.ci],
                idle=[self.idle])

    def mint(self, key, issuer, *claims, audience=US, subject="alice"):
        return Mint(key, issuer, audience, subject, "", 0, self.now, cap=3600, foreign=claims or ((("x", b"1")),))

    def of_ci(self, key=None):
        return self.mint(key or self.ci, CI, *REQUIRED)

    def of_idp(self, key=None, user=b'"svc-deploy"', scope=b'"ssh:alice"'):
        return self.mint(key or self.idp, IDP, ("preferred_username", user), ("scope", scope), subject="f3a1-77")

    def of_old(self, key=None):
        return self.mint(key or self.rsa, OLD)


def draft(mint, plain=True):
    return Draft(mint, pick, plain=plain)


def case(made, name, good=False, text=None, **more):
    return made.case(name, text, good=good, **more)._replace(kind="one for another")


def good_ones(parties):
    yield "ci", draft(parties.of_ci())
    yield "ci, by the kid that idp has too", draft(parties.of_ci(parties.ci_shared))
    yield "idp", draft(parties.of_idp())
    yield "idp, by the kid that ci has too", draft(parties.of_idp(parties.idp_shared))
    yield "idp, for our name without a scheme", draft(parties.of_idp()._replace(audience=HOST))
    yield "idp, by PAM's name of the service", draft(parties.of_idp(scope=b'"sshd:alice"'))
    yield "idp, a scope twice", draft(parties.of_idp(scope=b'"ssh:alice ssh:alice"'))
    yield "old", draft(parties.of_old())
    yield "another's number and scope, of no weight", draft(parties.of_ci()).claim("access", b"1").claim("scope",
        b'"sudo:root"')


def keys_for_one_another(parties):
    """Signed well by somebody, for somebody else."""
    yield "ci's key, idp's claims", draft(parties.of_idp(parties.ci))
    yield "ci's key for the shared kid, idp's claims", draft(parties.of_idp(parties.ci_shared))
    yield "idp's key, ci's claims", draft(parties.of_ci(parties.idp))
    yield "idp's key for the shared kid, ci's claims", draft(parties.of_ci(parties.idp_shared))
    yield "idp's key under ci's kid", draft(parties.of_ci(Named(parties.idp, parties.ci.kid)))
    yield "ci's key under idp's kid", draft(parties.of_idp(Named(parties.ci, parties.idp.kid)))
    yield "a key of ci under our kid, ci's claims", draft(parties.of_ci(parties.ours))
    yield "our key, ci's claims", draft(parties.of_ci(parties.own))
    yield "our key under ci's kid", draft(parties.of_ci(Named(parties.own, parties.ci.kid)))
    yield "ci's key, whom old trusts for RS256 alone", draft(parties.mint(parties.ci, OLD))
    yield "an RSA key among ci's, which may not have any", draft(parties.mint(parties.rsa, CI, *REQUIRED))
    yield "RS256 in the name, ES256 in the signature", draft(parties.of_old(parties.ci)).member("alg", b'"RS256"')
    yield "no rule names the trust", draft(parties.mint(parties.idle, IDLE))
    yield "nobody's key", draft(parties.of_ci(EcKey.made(pick)))
    yield "an issuer that nobody trusts", draft(parties.of_ci()._replace(issuer="https://ci.example.com"))


def as_if_ours(parties):
    """Theirs that say they are ours."""
    for key, name in ((parties.ci, "ci's key"), (parties.ours, "a key of ci under our kid"),
                      (parties.idp_shared, "the shared kid")):
        for issuer in (HOST, US, f"{CI} {HOST}", "", HOST.upper()):
            mint = Mint(key, issuer or CI, HOST, "alice", "ssh:alice", 1, parties.now)
            made = draft(mint)
            yield f"{name}, issuer {issuer!r}, as jitd mints", made if issuer else made.leave_out("iss")
    yield "our own token, with ci's claims added", draft(Mint(parties.own, HOST, HOST, "alice", "ssh:alice", 1,
        parties.now, foreign=REQUIRED))


def beyond(parties):
    """What the trust does not give, or gives to nobody."""
    for scope in (b'"ssh:bob"', b'"ssh:root"', b'"sudo:root"', b'"ssh:alice sudo:root"', b'"ssh:alice ssh:bob"', b'"*"',
                  b'"ssh:*"', b'"ssh:~"', b'""', b'" "',
                  b'"ssh:alice  ssh:alice"', b'" ssh:alice"', b'"ssh:alice "', b'"ssh:alice,sudo:root"',
                  b'["ssh:alice"]', b"null", b"1", b"{}", b'"ssh:"', b'":alice"', b'"ssh"',
                  b'"SSH:alice"', b'"sshd:bob"', b'"ssh:alice\\u0000"', b'"ssh:alice\\nsudo:root"',
                  b'"ssh:alice\\tsudo:root"', '"ssh:alice\u00a0sudo:root"'.encode(),
                  b'"' + b" ".join([b"ssh:u%d" % index for index in range(9)]) + b'"', b'"ssh:Alice"', b'"ssh:alice:x"',
                  b'"ssh:../alice"', b'"ssh:-alice"'):
        yield f"scope {scope[:40]}", draft(parties.of_idp(scope=scope))
    yield "no scope", draft(parties.of_idp()).leave_out("scope")
    for user in (b'"root"', b'"0"', b'"root2"', b'"carol"', b'"mallory"', b'"svc-a:b"', b'"svc-a/b"', b'"SVC-a"',
                 b'"xsvc-a"', b'"svc"', b'"alice"', b'""', b'" svc-a"', b'"svc-\\u0000"',
                 b'"svc-a\\n"', b'["svc-a"]', b"null", b"true", b"2001", b"{}", '"svc\u2010a"'.encode(),
                 '"\u0455vc-a"'.encode(), b'"*"', b'"svc-../../x"'):
        yield f"preferred_username {user}", draft(parties.of_idp(user=user))
    for subject in ("root", "0", "carol", "mallory", "alice@ci", "Alice", "-alice", "alice$", "..", "2001"):
        yield f"sub {subject}", draft(parties.of_ci()._replace(subject=subject))
    yield "no preferred_username", draft(parties.of_idp()).leave_out("preferred_username")
    for audience in ("pam-jit", "https://pam-jit/", "https://PAM-JIT", "https://web2", "https://pam-jit.example.org",
                     "http://pam-jit"):
        yield f"ci's for {audience}", draft(parties.of_ci()._replace(audience=audience))
    for cnf in (b'{"jkt":"AA"}', b'{"x5t#S256":"AA"}', b'{"jwk":{}}', b'{"ssh":"SHA256:' + b"A" * 43 + b'"}',
                b'{"kid":"1"}', b"{}", b"null", b'"x"', b"[]"):
        yield f"cnf {cnf}", draft(parties.of_ci()).claim("cnf", cnf)
    for until in (number(parties.now - 1), number(parties.now), b"0", b'"x"', b"1e99", b"-1"):
        yield f"until {until}", draft(parties.of_ci()).claim("until", until)
    yield "longer than max-ttl", draft(parties.of_idp()).times(iat=parties.now - 5, exp=parties.now + 3601)


def one_for_another(parties):
    for group in (keys_for_one_another, as_if_ours, beyond):
        for name, made in group(parties):
            yield case(made, f"{group.__name__}: {name}")
    for name, made in good_ones(parties):
        yield case(made, name, good=True)


# ---- once ----


def at_once(answers):
    results = logins([Login("alice", f"127.7.0.{index + 1}", answer) for index, answer in enumerate(answers)])
    return [answers[index] for index, result in enumerate(results) if result.opened == SUCCESS]


def same_name(mint, jti):
    return draft(mint).claim("jti", quote(jti))


def once(parties):
    """64 at the same instant, with a jti and without, in the spellings that are left: malleated, and signed again."""
    wrong = []
    for round_ in range(ROUNDS):
        for name in ("with jti", "without jti"):
            made = draft(parties.of_ci())
            if name == "without jti":
                made.leave_out("jti")
            text = made.text()
            again = [made.text() for _ in range(4)]
            answers = [text] * 20 + [malleated(text, parties.ci)] * 20 + again * 6
            pick.shuffle(answers)
            before, opened = burned(), at_once(answers)
            if len(opened) != 1 or burned() - before != 1:
                wrong.append(f"round {round_}, {name}: {len(opened)} opened, {burned() - before} burned")
            if at_once([text, malleated(text, parties.ci), *again]):
                wrong.append(f"round {round_}, {name}: opened once more")
    check(f"{ROUNDS} rounds of {CROWD} at once, malleated and signed again among them, with a jti and without: one opens (T12)", not wrong, wrong)


def same_jti(parties):
    jti = f"{pick.getrandbits(64):x}"
    first, second = same_name(parties.of_ci(), jti).text(), same_name(parties.of_idp(), jti).text()
    check("one jti at two issuers: both open", at_once([first, second]) == [first, second])
    check("and neither once more, whatever else it says", at_once([first, second, same_name(parties.of_ci(),
        jti).text(),
          draft(parties.of_idp()).claim("jti", escaped(jti, pick)).text()]) == [])
    joined = [draft(parties.of_ci()).claim("jti", quote(f"{jti}{more}")).text() for more in ("", " ", "0", ".")]
    check("and what only resembles it is another's (T21)", len(at_once(joined)) == 3)
    bobs = draft(parties.of_ci()._replace(subject="bob")).text()
    check("bob's, whom the rule lets be alice, opens", at_once([bobs]) == [bobs])


# ---- jit present ----


def through_present(cases):
    """As alice brings them in: each good one becomes an access, once."""
    wrong = []
    for one in cases:
        tried = [run("alice", "jit", "present", "--no-wait", stdin=one.text.decode() + "\n") for _ in range(2)]
        if (tried[0].code == 0) != one.good or tried[1].code == 0 or {attempt.code for attempt in tried} - {0, 1, 2}:
            wrong.append(shown(one, tried))
    good = sum(one.good for one in cases)
    check(f"jit present: of {len(cases)} tokens the {good} good ones became accesses, once each, and no other",
          not wrong, wrong[:20])


def own_token(parties):
    access = request("alice", "ssh:alice")
    own = token("alice", access)
    said = run("alice", "jit", "present", "--no-wait", stdin=own + "\n")
    check("jit present: a token of our own is none to bring in", said.code == 1, said)
    check("and it is good still, at the door", at_once([own]) == [own])
    theirs = draft(parties.of_ci()._replace(subject="bob")).text().decode()
    said = run("alice", "jit", "present", "--no-wait", stdin=theirs + "\n")
    check("jit present: bob's token is not alice's to bring in", said.code == 1, said)
    check("nor is it used up by that", run("bob", "jit", "present", "--no-wait", stdin=theirs + "\n").code == 0)


# ---- all of it ----

pam("sshd", ALONE)
policy(POLICY)
with Jitd() as jitd:
    own = signing_key()
    jitd.stop()
    parties = Parties(int(time.time()), own)
    parties.publish()
    with open("/etc/jitd/jitd.conf", "a") as conf:
        conf.write(CONF)
    jitd.start(fresh=False)
    pid, held = jitd.process.pid, kibibytes(jitd, "VmRSS")
    mint = parties.of_ci()._replace(cap=43200)
    every = []
    for number_of in range(PASSES):
        every += [made for made in generate(mint, f"{SEED}/{number_of}/foreign", huge=number_of == 0) if not made.exact]
    among = list(one_for_another(parties))
    left = [made for made in every if made.kind != "good: unknown claims"
            or pick.random() < 0.3]  # an hour has its limit
    # x5t is none of our own tokens' members, and whose a token is that names no key of a trust is not known
    others = {"token-key-unknown", "token-header-member", "not-a-token", "cut-off", "nothing-typed", "wrong-code",
              "token-mismatch"}
    explain_all("ci", every, lambda made: made.reasons and made.reasons | others)
    explain_all("one for another", among)
    by_hand = sample(left, 40, 4000) + sample(among, 60, 4000)
    through_present(by_hand)
    taken = {made.text for made in by_hand}
    used_ones("one for another", host_all("one for another", [made for made in among if made.text not in taken]))
    used_ones("ci", host_all("ci", [made for made in left if made.text not in taken]))
    once(parties)
    same_jti(parties)
    own_token(parties)
    print(f"# jitd: {held} KiB at first, {kibibytes(jitd, 'VmRSS')} KiB now, {kibibytes(jitd, 'VmHWM')} KiB at most")
    check("jitd never went down", jitd.process.poll() is None and jitd.process.pid == pid)
finish()
