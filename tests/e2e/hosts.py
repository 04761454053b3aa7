# SPDX-License-Identifier: Apache-2.0
"""
Several hosts for a story, each with its own mounts, processes, host name, address, /etc, jitd and sshd, on a switch of
their own. They begin as copies of the machine that the story runs in; nothing reaches another network.

    with Hosts("bastion", "web1") as hosts:
        hosts.web1.policy(RULE)
        hosts.web1.jitd()
        hosts.web1.sshd("keyboard-interactive")
        said = hosts.bastion.ssh("alice", "web1", "id", answer=token)
"""
import itertools
import json
import os
import pathlib
import shlex
import signal
import subprocess

from harness import AS, KEEP, STORY, TOP, wait_for

DOMAIN, NET = "example.org", "10.77.0."
_number = itertools.count(1)

# What a host begins with, in namespaces of its own; what it holds can be seen from outside. /dev/log stays the story's, and the checkout what and where it is.
BEGIN = """
set -eu
mount -t proc proc /proc
mkdir "$held/top" "$held/lib-jitd" "$held/run-jitd"
mount --bind "$TOP" "$held/top"
for folder in etc home root; do cp -ax "/$folder" "$held/" && mount --bind "$held/$folder" "/$folder"; done
mkdir -p /var/lib/jitd && mount --bind "$held/lib-jitd" /var/lib/jitd
chown jitd:jitd /var/lib/jitd && chmod 700 /var/lib/jitd
mount -t tmpfs -o mode=755 tmpfs /run
install -d -m 755 /run/jitd /run/sshd
mount --bind "$held/run-jitd" /run/jitd
mount -t tmpfs -o mode=1777 tmpfs /tmp
[ -e "$TOP/packaging" ] || { mkdir -p "$TOP" && mount --bind "$held/top" "$TOP"; }
hostname "$NAME"
ip link set lo up
echo ready
exec sleep infinity
"""

# Answers one prompt of ssh with what stands in a file.
ANSWER = '#!/bin/sh\ncat "$E2E_ANSWER"\n'


class Said:
    def __init__(self, done):
        self.code, self.output, self.out = done.returncode, done.stdout + done.stderr, done.stdout

    def __repr__(self):
        return f"exit {self.code}: {self.output.strip()!r}"


class Host:
    def __init__(self, name, number):
        self.name, self.address = f"{name}.{DOMAIN}", f"{NET}{number}"
        self.daemons = []
        self.held = pathlib.Path("/var/lib", f"host.{name}")
        self.held.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.held], check=True)
        self.outer = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--propagation", "private",
             "bash", "-c", BEGIN], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, NAME=name, TOP=str(TOP), held=str(self.held)))
        if self.outer.stdout.readline() != "ready\n":
            raise SystemExit(f"{name} did not begin")
        self.pid = int(pathlib.Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()[0])

    # ---- what runs in it ----

    def _argv(self, user, argv):
        # its root too: that of a story in a chroot is not that of its mounts
        return ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wdns=/",
                AS, user, *argv]

    def run(self, user, *argv, stdin="", timeout=60):
        done = subprocess.run(self._argv(user, argv), input=stdin, capture_output=True, text=True, errors="replace",
                              timeout=timeout, start_new_session=True)
        return Said(done)

    def root(self, script):
        """A shell's lines as root; must work."""
        said = self.run("root", "bash", "-euc", script)
        if said.code != 0:
            raise SystemExit(f"{self.name}: {script}: {said}")
        return said.out

    def write(self, path, text, mode="644"):
        self.root(f"install -D -m {mode} /dev/null {path}.new && cat >{path}.new <<'END'\n{text}\nEND\nmv {path}.new {path}")

    def _start(self, name, argv):
        log = KEEP / f"{STORY}.{self.name}.{name}.log"
        with open(log, "a") as file:
            self.daemons.append(subprocess.Popen(self._argv("root", argv), stdin=subprocess.DEVNULL, stdout=file,
                                                 stderr=file, start_new_session=True))
        return log

    # ---- jitd ----

    def policy(self, text):
        self.root("rm -f /etc/jitd/policy.d/*")
        self.write("/etc/jitd/policy.d/10-e2e.conf", text)

    def conf(self, text):
        self.write("/etc/jitd/jitd.conf", f'host-id = "{self.name}"\nrequests-per-minute = 2000\n{text}')

    def jitd(self):
        """Starts it, again if it runs."""
        self.root("pidof jitd >/dev/null && { kill $(pidof jitd); while pidof jitd >/dev/null; do sleep 0.05; done; } || true")
        log = self._start("jitd", ["/usr/sbin/jitd"])
        if not wait_for(lambda: self.run("root", "jitd-admin", "status", "--ready", timeout=20).code == 0, 30):
            raise SystemExit(f"jitd of {self.name} did not come up: {log.read_text()[-2000:]}")

    def events(self, since=0, **wanted):
        listed = json.loads(self.root("jitd-admin audit list --json") or "[]")
        return [event for event in listed if event["id"] > since and
                all(event[key] == value for key, value in wanted.items())]

    def last_event(self):
        return max((event["id"] for event in self.events()), default=0)

    def access(self, number):
        return json.loads(self.root(f"jitd-admin show {number} --json"))

    def accesses(self):
        return json.loads(self.root("jitd-admin list --all --json"))

    def request(self, user, scope, *more):
        said = self.run(user, "jit", "request", scope, "--no-wait", "--json", *more)
        if said.code != 0:
            raise SystemExit(f"{self.name}: jit request {scope} as {user}: {said}")
        return json.loads(said.out)["id"]

    def approve(self, user, access):
        said = self.run(user, "jitd-admin", "approve", str(access))
        if said.code != 0:
            raise SystemExit(f"{self.name}: approve {access} as {user}: {said}")
        return access

    def token(self, user, access):
        said = self.run(user, "jit", "token", str(access))
        if said.code != 0:
            raise SystemExit(f"{self.name}: jit token {access} as {user}: {said}")
        return said.out.strip()

    # ---- ssh ----

    def sshd(self, methods, port=22):
        options = {"ListenAddress": f"{self.address}:{port}", "HostKey": "/etc/ssh/ssh_host_ed25519_key", "PidFile": "none",
                   "UsePAM": "yes", "KbdInteractiveAuthentication": "yes", "PasswordAuthentication": "no",
                   "AuthenticationMethods": methods, "LogLevel": "VERBOSE", "UseDNS": "no", "PrintMotd": "no"}
        self.write(f"/run/sshd/{port}.conf", "\n".join(f"{name} {value}" for name, value in options.items()))
        self._start(f"sshd{port}", ["/usr/sbin/sshd", "-D", "-e", "-f", f"/run/sshd/{port}.conf"])
        if not wait_for(lambda: self.run("root", "bash", "-c", f"exec 3<>/dev/tcp/{self.address}/{port}").code == 0, 20):
            raise SystemExit(f"sshd of {self.name} did not come up")

    def ssh(self, user, host, *command, answer=None, askpass=None, methods="keyboard-interactive", port=22, key=None):
        """ssh from here. answer: what is typed; askpass: the program that answers in its place."""
        options = [f"PreferredAuthentications={methods}", "NumberOfPasswordPrompts=1", "ConnectTimeout=20",
                   f"BatchMode={'no' if answer or askpass else 'yes'}", f"Port={port}",
                   "IdentitiesOnly=yes", f"IdentityFile={key or '~/.ssh/id_ed25519'}"]
        environment = []
        if answer is not None:
            place = f"/tmp/answer.{next(_number)}"
            self.root(f"install -o {user} -m 600 /dev/null {place}; cat >{place} <<'END'\n{answer}\nEND\n"
                      f"install -m 755 /dev/null /tmp/askpass; printf %s {shlex.quote(ANSWER)} >/tmp/askpass")
            environment = [f"E2E_ANSWER={place}"]
            askpass = "/tmp/askpass"
        if askpass:
            environment += [f"SSH_ASKPASS={askpass}", "SSH_ASKPASS_REQUIRE=force"]
        words = [word for option in options for word in ("-o", option)]
        return self.run(user, "env", *environment, "ssh", *words, f"{user}@{host}", *command)

    def give_key(self, user, name="id_ed25519"):
        """A key of theirs; gives its public half."""
        folder = f"/home/{user}/.ssh"
        self.root(f"install -d -m 700 -o {user} -g {user} {folder}; ssh-keygen -q -t ed25519 -N '' -f {folder}/{name}; "
                  f"chown {user}:{user} {folder}/{name} {folder}/{name}.pub")
        return self.root(f"cat {folder}/{name}.pub").strip()

    def authorize(self, user, *keys):
        lines = "\n".join(keys)
        self.root(f"install -d -m 700 -o {user} -g {user} /home/{user}/.ssh")
        self.write(f"/home/{user}/.ssh/authorized_keys", lines)
        self.root(f"chown {user}:{user} /home/{user}/.ssh/authorized_keys")

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)  # its init: all that is in it ends; unshare itself ignores SIGTERM
        self.outer.wait(20)
        for daemon in self.daemons:
            daemon.wait(20)
        subprocess.run(["umount", "--lazy", self.held], check=True)


class Hosts:
    """Attributes by name."""

    def __init__(self, *names):
        self.names = names

    def __enter__(self):
        subprocess.run("ip link add e2e type bridge && ip link set e2e up", shell=True, check=True)
        hosts = [Host(name, number) for number, name in enumerate(self.names, 1)]
        lines = "\n".join(f"{host.address} {host.name} {host.name.split('.')[0]}" for host in hosts)
        for number, host in enumerate(hosts, 1):
            subprocess.run(f"ip link add e2e{number} type veth peer name eth0 netns {host.pid} && "
                           f"ip link set e2e{number} master e2e up", shell=True, check=True)
            host.root(f"ip addr add {host.address}/24 dev eth0; ip link set eth0 up")
            host.write("/etc/hosts", f"127.0.0.1 localhost\n{lines}")
            setattr(self, host.name.split(".")[0], host)
        self.all = hosts
        return self

    def __exit__(self, *_):
        for host in self.all:
            host.stop()
        subprocess.run("ip link del e2e", shell=True, check=False)
