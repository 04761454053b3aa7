# SPDX-License-Identifier: Apache-2.0
"""For stories of the end of sessions: what alice sees on her terminal."""
import shlex

from harness import *
from ssh_door import ssh_client


def warned():
    """One line on the terminal, however it was opened, and none where there is no terminal."""
    line = r"pam-jit: this session ends in [2-6]s, with all that runs in it\. For a new one: jit request {}$"
    grant("alice", "sudo:root", "--for", "6s", by="bob")
    said = subprocess.run(["script", "-qfec", shlex.join([AS, "alice", "sudo", "-n", "sleep", "3"]), "/dev/null"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20).stdout
    check("warned: sudo, once", len(re.findall(line.format("sudo:root"), said, re.M)) == 1, said)
    quiet = run("alice", "sudo", "-n", "sleep", "3")
    check("warned: not without a terminal", quiet.output == "", quiet)
    run("root", "jitd-admin", "revoke", "--all")
    grant("alice", "ssh:alice", "--for", "6s", by="bob")
    said, _ = ssh_client("alice", "publickey", "sleep 3", arguments=["-tt"]).process.communicate(timeout=20)
    check("warned: ssh", len(re.findall(line.format("ssh:alice"), said, re.M)) == 1, said)
    run("root", "jitd-admin", "revoke", "--all")
