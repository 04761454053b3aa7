# SPDX-License-Identifier: Apache-2.0
"""polkit on a bus of its own: who answers the same question without PAM, and burns nothing."""
import os
import pathlib
import shutil
import time

from place import PERSON, ROOT, Daemon, processor_us
from subjects import Subject

POLKITD = "/usr/lib/polkit-1/polkitd"
ACTION = "org.pamjit.bench"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>
"""
POLICY = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd">
<policyconfig><action id="{ACTION}"><description>bench</description><message>bench</message><defaults>
<allow_any>yes</allow_any><allow_inactive>yes</allow_inactive><allow_active>yes</allow_active>
</defaults></action></policyconfig>
"""


class Polkit(Subject):
    program = "tests/bench/polkit"

    def __init__(self, name, *more):
        self.name, self.more = name, more

    @property
    def absent(self):
        if not ROOT:
            return "needs root"
        for needed in (POLKITD, shutil.which("dbus-daemon") or "dbus-daemon"):
            if not os.path.exists(needed):
                return f"{needed} is not there"
        return None

    def start(self, place, wanted):
        pathlib.Path("/usr/share/polkit-1/actions/org.pamjit.bench.policy").write_text(POLICY)  # of the throw-away machine
        folder = place.folder(f"polkit-{len(self.more)}")
        socket = place.sockets / f"bus-{len(self.more)}"
        (folder / "bus.conf").write_text(BUS.format(socket=socket))
        self.address = f"unix:path={socket}"
        self.bus = Daemon(["dbus-daemon", "--nofork", "--print-address", f"--config-file={folder}/bus.conf"], ready=b"unix:",
                          log=folder / "bus.log")
        log = folder / "log"
        self.daemon = Daemon([POLKITD], log=log, env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.address))
        for _ in range(500):  # what it says when it is there
            if b"Acquired the name" in log.read_bytes():
                return
            time.sleep(0.02)
        raise SystemExit(f"bench: polkitd did not come up: {log.read_text()}")

    def stop(self):
        self.daemon.stop()
        self.bus.stop()

    def socket_arguments(self, count):
        return ["--bus", self.address, "--action", ACTION, "--uid", PERSON.pw_uid, *self.more]

    def processor_us(self):
        return processor_us(self.daemon.pid) + processor_us(self.bus.pid)


AUTHORITIES = [Polkit("polkit CheckAuthorization, bus kept"), Polkit("polkit CheckAuthorization, bus anew", "--anew")]
MOST = 8  # clients: what it is not made for says nothing
