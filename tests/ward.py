"""The real `ward` program, served on free ports for a test."""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "scripts"))

import cargo  # noqa: E402  (only found once scripts/ is on the path)
import reflected  # noqa: E402

PHOTO = PROJECT / "examples" / "astronaut.jpg"
AGE = "ward.age.v1.AgeEstimationService"
GROOMING = "ward.grooming.v1.GroomingDetectionService"
HEALTH = "grpc.health.v1.Health"

# The longest to wait for a start or an end, seconds. Both take about one; a busy machine may need more.
PATIENCE = 60


class Ward:
    """`ward serve` with the shipped configuration, on one `core` where it is given. `started` is called with its process id
    as soon as there is one."""

    def __init__(self, started=lambda process_id: None, profile="debug", core=None):
        self.address, self.admin = free_addresses(2)
        # A file, not a pipe: nobody reads while the test runs, and a full pipe would hold the server up.
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [*(["taskset", "--cpu-list", core] if core else []), cargo.program("ward", profile), "serve", "--config", PROJECT / "ward.toml",
             "--listen", self.address, "--admin-listen", self.admin], stderr=self._log)
        started(self._process.pid)
        self._wait_until_ready()

    def client(self):
        return reflected.Server(self.address)

    def stop(self):
        """Ends it as an orchestrator does, and answers its exit code and all that it logged."""
        self._process.terminate()
        code = self._process.wait(timeout=PATIENCE)
        log = self._read_log()
        self._log.close()
        return code, log

    def _wait_until_ready(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"ward ended before it was ready:\n{self._read_log()}")
            try:
                opener.open(f"http://{self.admin}/readyz", timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self._process.kill()
        raise RuntimeError(f"ward was not ready after {PATIENCE} s:\n{self._read_log()}")

    def _read_log(self):
        self._log.seek(0)
        return self._log.read()


def free_addresses(count):
    """Loopback addresses that nothing listens on. All are held at once, so that they differ."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    for probe in probes:
        probe.close()
    return addresses
