"""Runs azure-identity and the probe on a machine of their own, in namespaces: with IMDS at its one address, and with the agent of
Azure Arc, whose keys lie in a folder of the system's. Reads what to run from its input, writes what came of it.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

IMDS = "169.254.169.254"
ARC_PORT = 40342
UNSHARE = ["unshare", "--mount", "--net", *(["--map-root-user"] if os.geteuid() else [])]


def is_possible():
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def run(**scenario):
    """What `SideBySide.same` says there."""
    done = subprocess.run(
        [*UNSHARE, sys.executable, __file__],
        input=json.dumps(scenario),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def bring_up_loopback():
    up, set_flags, set_address = 0x1, 0x8914, 0x8916
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, set_flags, struct.pack("16sh14x", b"lo", up))
        address = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(IMDS))
        fcntl.ioctl(control, set_address, address)


def install_arc_agent():
    """Puts its program into a copy of /opt that has all else, Swift for one, where it was."""
    copy = Path("/var/opt/opt")
    copy.mkdir()
    for folder in Path("/opt").iterdir():
        if folder.is_dir():
            (copy / folder.name).mkdir()
            mount("--bind", folder, copy / folder.name)
    agent = copy / "azcmagent/bin/himds"
    agent.parent.mkdir(parents=True)
    agent.touch()
    mount("--rbind", copy, "/opt")


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def main():
    from fake_azure import FakeAzure
    from side_by_side import SideBySide

    scenario = json.load(sys.stdin)
    bring_up_loopback()
    mount("-t", "tmpfs", "tmpfs", "/var/opt")
    has_agent = scenario.pop("has_arc_agent", False)
    if has_agent:
        install_arc_agent()
    keys = Path("/var/opt/azcmagent/tokens")
    keys.mkdir(parents=True)
    for name, content in scenario.pop("keys", {}).items():
        (keys / name).write_text(content)
    with tempfile.TemporaryDirectory() as folder:
        fake = FakeAzure(Path(folder))
        if has_agent:
            fake.serve(address=("127.0.0.1", ARC_PORT))
        if scenario.pop("has_imds", False):
            fake.serve(address=(IMDS, 80))
        variables = {name: value.replace("HTTP", fake.http) for name, value in scenario.pop("environment").items()}
        ours = SideBySide(fake).same(variables, **scenario)
    print(json.dumps({"outcome": ours.outcome, "requests": ours.requests}))


if __name__ == "__main__":
    main()
