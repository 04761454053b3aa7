# SPDX-License-Identifier: Apache-2.0
"""
What others take for a check through PAM: each with a configuration and state of its own. They need root, in packaging/machine:
most read what only root may, and all keep to files that root owns.
"""
import glob
import hashlib
import hmac
import os
import pathlib
import shutil
import subprocess

from place import PERSON, ROOT, Daemon, processor_us, said
from subjects import Subject

PASSWORD = "pw-bench"
PEOPLE = [f"bench{number}" for number in range(8)]
SECRET = b"12345678901234567890"  # of RFC 4226's own examples
WINDOW = 100  # how far a counter may be ahead
RADIUS_PORT = 18120


class Peer(Subject):
    """needs: a module and what else must be there, with the Debian package of the first."""

    module, package, programs = "", "", ()

    @property
    def absent(self):
        if not ROOT:
            return "needs root"
        if not glob.glob(f"/lib/*/security/{self.module}"):
            return f"{self.module} is not there (package {self.package})"
        missing = [program for program in self.programs if not shutil.which(program)]
        return f"{missing[0]} is not there" if missing else None

    def start(self, place, wanted):
        self.folder = place.folder(self.module)
        self.stack = place.stack(f"peer-{self.module}", "bench", f"{self.module} {self.options()}")

    def options(self):
        return ""

    def arguments(self, workers, count):
        return ["--confdir", self.stack, "--service", "bench", "--user", PERSON.pw_name, "--answer", PASSWORD]


class Unix(Peer):
    name, module, package = "pam_unix yescrypt", "pam_unix.so", "libpam-modules"

    def start(self, place, wanted):
        super().start(place, wanted)
        subprocess.run(["chpasswd", "-c", "YESCRYPT"], input=f"{PERSON.pw_name}:{PASSWORD}\n", text=True, check=True)

    def options(self):
        return "nodelay"


# ---- counters that are burned ----


def hotp(counter):
    """RFC 4226."""
    digest = hmac.digest(SECRET, counter.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7fffffff) % 10 ** 6:06}"


class Counting(Peer):
    """Codes of RFC 4226, a user for each worker, whose counters begin anew, at 1, with each run."""

    def start(self, place, wanted):
        known = pathlib.Path("/etc/passwd").read_text()
        with open("/etc/passwd", "a") as passwd:  # of the throw-away machine
            passwd.write("".join(f"{name}:x:{3000 + number}:{3000 + number}::/:/bin/sh\n"
                                 for number, name in enumerate(PEOPLE) if f"\n{name}:" not in known))
        super().start(place, wanted)

    def begin_anew(self):
        raise NotImplementedError

    def arguments(self, workers, count):
        self.begin_anew()
        answers = self.folder / "answers"
        answers.write_text("".join(hotp(1 + number // workers) + "\n" for number in range(count)))
        return ["--confdir", self.stack, "--service", "bench", "--user", "bench%", "--answers", answers]


class GoogleAuthenticator(Counting):
    name, module, package = "google-authenticator HOTP", "pam_google_authenticator.so", "libpam-google-authenticator"

    def options(self):
        return f"secret={self.folder}/${{USER}} user=root"

    def begin_anew(self):
        for name in PEOPLE:
            path = self.folder / name
            path.unlink(missing_ok=True)
            path.write_text(f'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n" HOTP_COUNTER 1\n" WINDOW_SIZE {WINDOW}\n')
            path.chmod(0o400)


class Oath(Counting):
    name, module, package = "pam_oath HOTP", "pam_oath.so", "libpam-oath"

    def options(self):
        return f"usersfile={self.folder}/users window={WINDOW} digits=6"

    def begin_anew(self):
        path = self.folder / "users"
        path.write_text("".join(f"HOTP {name} - {SECRET.hex()}\n" for name in PEOPLE))
        path.chmod(0o600)


# ---- daemons and agents ----

RADIUSD = """
name = freeradius
logdir = {folder}
run_dir = {folder}
pidfile = {folder}/pid
max_requests = 131072
log {{
	destination = stdout
	auth = no
}}
thread pool {{
	start_servers = 4
	max_servers = 8
	min_spare_servers = 2
	max_spare_servers = 8
	max_requests_per_server = 0
}}
client localhost {{
	ipaddr = 127.0.0.1
	secret = bench-secret
}}
modules {{
	pap {{
	}}
	files {{
		filename = {folder}/users
	}}
}}
server bench {{
	listen {{
		type = auth
		ipaddr = 127.0.0.1
		port = {port}
	}}
	authorize {{
		files
		pap
	}}
	authenticate {{
		pap
	}}
}}
"""


class Radius(Peer):
    name, module, package = "pam_radius + freeradius", "pam_radius_auth.so", "libpam-radius-auth"
    programs = ("freeradius",)

    def start(self, place, wanted):
        super().start(place, wanted)
        (self.folder / "radiusd.conf").write_text(RADIUSD.format(folder=self.folder, port=RADIUS_PORT))
        (self.folder / "users").write_text(f'{PERSON.pw_name} Cleartext-Password := "{PASSWORD}"\n')
        servers = self.folder / "servers"
        servers.write_text(f"127.0.0.1:{RADIUS_PORT} bench-secret 3\n")
        servers.chmod(0o600)
        self.daemon = Daemon(["freeradius", "-f", "-l", "stdout", "-n", "radiusd", "-d", self.folder], ready=b"Ready to process")

    def options(self):
        return f"conf={self.folder}/servers"

    def stop(self):
        self.daemon.stop()

    def processor_us(self):
        return processor_us(self.daemon.pid)


class SshAgent(Peer):
    name, module, package = "pam_ssh_agent_auth, P-256", "pam_ssh_agent_auth.so", "libpam-ssh-agent-auth"
    programs = ("ssh-agent", "ssh-add", "ssh-keygen")

    def start(self, place, wanted):
        super().start(place, wanted)
        key, agent = self.folder / "key", place.sockets / "agent.sock"
        said(["ssh-keygen", "-q", "-t", "ecdsa", "-b", "256", "-N", "", "-f", key])
        self.environment = dict(os.environ, SSH_AUTH_SOCK=str(agent))
        self.daemon = Daemon(["ssh-agent", "-D", "-a", agent], ready=b"SSH_AUTH_SOCK")
        said(["ssh-add", "-q", key], env=self.environment)

    def options(self):
        return f"file={self.folder}/key.pub"

    def stop(self):
        self.daemon.stop()

    def arguments(self, workers, count):
        return ["--confdir", self.stack, "--service", "bench", "--user", "root", "--ruser", "root"]

    def processor_us(self):
        return processor_us(self.daemon.pid)


PEERS = [Unix, GoogleAuthenticator, Oath, Radius, SshAgent]
