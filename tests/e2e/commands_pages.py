# SPDX-License-Identifier: Apache-2.0
"""What README and the man pages tell people to type, write and look for, held against what is installed."""
import random
import shlex

from commands_tool import *
import token_rows  # noqa: F401: it says where the keys of tests/hostile are
from keys import EcKey, RsaKey, jwk_set  # noqa: E402

README = (TOP / "README.md").read_text()
FINGERPRINT = "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8"
PAGES = {name: (TOP / folder / name).read_text() for folder, name in (
    ("cli", "jit.1"), ("cli", "jitd-admin.8"), ("jitd", "jitd.8"), ("policy", "jitd.conf.5"),
        ("policy", "jit-policy.5"),
    ("pam_jit", "pam_jit.8"))}


def plain(mdoc):
    return mdoc.replace(r"\(dq", '"').replace(r"\&", "").replace(r"\e", "\\")


def section(page, title):
    return re.search(rf"^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)", PAGES[page], re.M | re.S).group(1)


def displays(text):
    """The literal blocks and lines of a piece of a page."""
    blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S)
    return [plain(block) for block in blocks] + [plain(line) + "\n" for line in re.findall(r"^\.Dl (.*)$", text, re.M)]


def fenced(language=""):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


# ---- commands ----


def commands_of(text):
    """Whatever begins with one of our tools, up to where the shell takes over."""
    for found in re.findall(r"(?:^|\$\(|[`$;|&] ?)((?:jit|jitd-admin) [a-z][^`\n|;&)]*)", text, re.M):
        words = shlex.split(found, comments=True)
        if words[-1] != "...":
            yield words


def try_command(page, words):
    """Typed against a socket where nobody is: 3 tells that the tool understood it, 2 would be usage."""
    words = ["42" if re.fullmatch(r"\$?[a-z]*id|ID|N", word) else word for word in words]
    words = [FINGERPRINT if word == "$key" else word for word in words]
    said = tool("root", *words, "--socket", "/run/nobody.sock")
    local = words[1:3] in (["policy", "check"], ["policy", "explain"], ["policy", "test"])
    check(f"{page}: {' '.join(words)}", said.code in ((0, 1) if local else (3,)), said)


def try_commands():
    found = 0
    for page, text in PAGES.items():
        for block in displays(section(page, "EXAMPLES")) if ".Sh EXAMPLES" in text else ():
            for words in commands_of(block):
                try_command(page, words)
                found += 1
    check("the pages have examples of commands", found >= 7, found)
    for words in commands_of(README):
        try_command("README", words)
    for script in displays(section("jit.1", "EXAMPLES")):
        said = subprocess.run(["sh", "-n"], input=re.sub(r"^\$ ", "", script, flags=re.M), capture_output=True,
                              text=True)
        check("jit.1: a shell reads the example", said.returncode == 0, said.stderr)


def try_hint():
    """What a refusal tells people to type is understood as well."""
    with Jitd() as jitd:
        sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL")
        said = tool("alice", "sudo", "id")
        hint = re.search(r"jit request [^\n]*sudo:root[^\n]*", said.output)
        check("sudo's refusal says what to type", said.code == 1 and hint, said)
        words = shlex.split(hint.group(0)) if hint else ["false"]
        said = tool("alice", *words)
        check("it is understood; the rule wants a reason", said.code == 1 and "add --reason" in said.err, said)
        said = tool("alice", *words, "--reason", "x")
        done("with it, it works", said, r"^access 1 waits for 1 approval")


# ---- files ----


def add_named(text):
    """The groups and accounts that rules name are there: so nothing is left to warn of."""
    groups = re.findall(r'"%([a-z-]+)"', text)
    accounts = re.findall(r'"[a-z]+:([a-z]+)"', text)
    for name, file, line in ([(name, "/etc/group", f"{name}:x:3000:\n") for name in groups]
                             + [(name, "/etc/passwd", f"{name}:x:3000:3000::/home:/bin/sh\n") for name in accounts]):
        known_names = pathlib.Path(file).read_text()
        if not re.search(f"^{name}:", known_names, re.M):
            pathlib.Path(file).write_text(known_names + line)


def try_rules(name, text):
    shell_folder = pathlib.Path("/root/rules")
    shutil.rmtree(shell_folder, ignore_errors=True)
    shell_folder.mkdir(parents=True)
    (shell_folder / "10.conf").write_text(text)
    add_named(text)
    done(f"{name}: policy check takes it", tool("root", "jitd-admin", "policy", "check", str(shell_folder)),
         r"(?m)^\d+ rules?, no error\n\Z")


def try_files():
    rules = displays(PAGES["jit-policy.5"])
    check("jit-policy.5 shows rules", len(rules) >= 3, rules)
    for number, text in enumerate(rules, 1):
        try_rules(f"jit-policy.5, {number}", text)
    try_rules("jit-policy.5, all its examples together", "\n".join(displays(section("jit-policy.5", "EXAMPLES"))))
    shown = [block for block in fenced() if block.startswith("rule ")]
    check("README shows a rule", shown)
    for text in shown:
        try_rules("README", text)
    settings = displays(section("jitd.conf.5", "EXAMPLES"))
    check("jitd.conf.5 shows settings and trusts", len(settings) >= 3, settings)
    pathlib.Path("/etc/jitd/example.conf").write_text("\n".join(settings))
    for path, algorithm in re.findall(r'jwks += "([^"]+)"\s+algorithms += \{"(\w+)"\}', "\n".join(settings)):
        pathlib.Path(path).write_bytes(jwk_set({"ES256": EcKey, "RS256": RsaKey}[algorithm].made(random.Random(1))))
    done("jitd.conf.5: jitd takes its example", tool("root", "/usr/sbin/jitd", "--check", "--config",
                                                     "/etc/jitd/example.conf"), "no error")
    template = (TOP / "packaging" / "jitd.conf").read_text()
    pathlib.Path("/etc/jitd/example.conf").write_text(re.sub(r"^# (?=[a-z-]+ = )", "", template, flags=re.M))
    done("the installed jitd.conf: its keys uncommented", tool("root", "/usr/sbin/jitd", "--check", "--config",
                                                               "/etc/jitd/example.conf"), "no error")
    keys = set(re.findall(r"^# ([a-z-]+) = ", template, re.M))
    listed = set(re.findall(r"^\.It Ic ([a-z-]+)$", section("jitd.conf.5", "DESCRIPTION"), re.M))
    check("the installed jitd.conf and its page name the same keys", keys == listed, keys ^ listed)


def try_examples():
    """What is installed beside the pages: policies that do what is expected of them."""
    examples = sorted(pathlib.Path("/usr/share/doc/pam-jit/examples").glob("*/tests.conf"))
    listed = {path.parent.name for path in (TOP / "policy" / "examples").glob("*/tests.conf")}
    check("all examples are installed", listed and {path.parent.name for path in examples} == listed, examples)
    for path in examples:
        done(f"example {path.parent.name}: it does what is expected of it",
             tool("carol", "jitd-admin", "policy", "test", str(path), "--policy", str(path.parent / "policy.d")),
             r"^\d+ expectations, 0 failed\n$")


def stack(text):
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def try_stacks():
    installed = {name: stack((TOP / "packaging" / "pam" / name).read_text())
                 for name in ("sudo", "sudo-i", "su", "su-l", "sshd", "login")}
    for page, blocks in ("README", fenced()), ("pam_jit.8", displays(section("pam_jit.8", "FILES"))):
        shown = [stack(block) for block in blocks if block.startswith("auth ")]
        check(f"{page}: the stacks are shown whole", shown == [installed[name] for name in ("sudo", "su", "sshd", "login")],
              shown)
    interactive = [["@include", "common-session"] if line[-1] == "common-session-noninteractive" else line
                   for line in installed["sudo"]]
    check("sudo-i is the same with common-session", installed["sudo-i"] == interactive, installed["sudo-i"])
    included = [line for line in installed["su-l"] if "include" in line]
    check("su-l includes su", {(line[0], line[2]) for line in included} >= {("auth", "su"), ("account", "su"),
                                                                            ("session", "su")}, included)


def try_paths():
    for unit in re.findall(r"jitd[a-z-]*\.(?:socket|service)", README):
        check(f"README: {unit} is installed", any(pathlib.Path(place, unit).exists()
                                                  for place in ("/usr/lib/systemd/system", "/lib/systemd/system")))
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        check(f"README: {link} is there", (TOP / link).exists())
    for program in re.findall(r"^\s+(?:sudo )?((?:packaging|tests)/[a-z-]+)", README, re.M):
        check(f"README: {program} is there", os.access(TOP / program, os.X_OK))
    for page in PAGES:
        said = subprocess.run(["man", "-w", page.rsplit(".", 1)[1], page.rsplit(".", 1)[0]], capture_output=True,
                              text=True) if shutil.which("man") else None
        place = pathlib.Path("/usr/share/man", "man" + page[-1])
        check(f"{page} is installed", (place / page).exists() or (said and said.returncode == 0))


prepare()
try_commands()
try_files()
try_examples()
try_stacks()
try_paths()
try_hint()
finish()
