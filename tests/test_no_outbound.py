"""A running Ward speaks to nobody but its callers: from start to end, every socket that it holds is on loopback.

Looking again and again can miss what is over in a few milliseconds; for ONNX Runtime, which is not ours and could
hold a telemetry client, there is also a look into the library.
"""

import base64
import ipaddress
import os
import re
import socket
import sys
import threading
import time
import unittest
from pathlib import Path

import ward

UNCONNECTED = {"0.0.0.0", "::"}


class SocketWatch:
    """Looks at the sockets of one process again and again, on a thread of its own, until it is stopped.

    A look takes some milliseconds: a connection attempt or a name look-up takes longer on any network but the nearest.
    """

    def __init__(self, process_id):
        self.seen = set()
        self._process = Path("/proc") / str(process_id)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.is_set():
            self.seen |= sockets(self._process)


def sockets(process):
    """The internet sockets that a process holds, as (protocol, local address, remote address)."""
    found = set()
    try:
        held = set(filter(None, map(socket_inode, (process / "fd").iterdir())))
        for protocol in ("udp", "tcp", "udp6", "tcp6"):
            for line in (process / "net" / protocol).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[9] in held:
                    found.add((protocol, address(columns[1]), address(columns[2])))
    except OSError:
        # The process has ended, or is ending: what was found until now counts.
        pass
    return found


def socket_inode(descriptor):
    try:
        match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor))
    except OSError:
        return None
    return match and match.group(1)


def address(column):
    """From the kernel's form: hex words in the machine's byte order, a colon, the port."""
    words = re.findall("........", column.split(":")[0])
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    ip = ipaddress.ip_address(packed)
    return str(getattr(ip, "ipv4_mapped", None) or ip)


def strangers(seen):
    """The sockets that do not stay on this machine: bound to another address, or connected to one."""
    return {each for each in seen if not is_loopback(each[1]) or not (is_loopback(each[2]) or each[2] in UNCONNECTED)}


def is_loopback(text):
    return ipaddress.ip_address(text).is_loopback


@unittest.skipUnless(sys.platform == "linux", "the kernel's tables of sockets are Linux's")
class NoOutboundConnection(unittest.TestCase):
    def test_start_requests_and_end_stay_on_loopback(self):
        watches = []
        server = ward.Ward(started=lambda process_id: watches.append(SocketWatch(process_id)))
        with server.client() as client:
            image = base64.b64encode(ward.PHOTO.read_bytes()).decode()
            client.call(ward.AGE, "EstimateAge", {"image": image})
            client.call(ward.GROOMING, "ScoreMessages", {"messages": [{"message_id": "1", "text": "good morning"}]})
            time.sleep(1)
        code, _ = server.stop()
        watches[0].stop()
        self.assertEqual(code, 0)
        connected = {each for each in watches[0].seen if each[2] not in UNCONNECTED}
        self.assertTrue(connected, "the watch saw not even the test's own connection, so it proves nothing")
        self.assertEqual(strangers(watches[0].seen), set())

    def test_the_watch_would_see_a_stranger(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("0.0.0.0", 0))
            self.assertTrue(strangers(sockets(Path("/proc/self"))))


@unittest.skipUnless(sys.platform == "linux", "the names of the calls are Linux's")
class RuntimeLibrary(unittest.TestCase):
    def test_the_runtime_library_calls_nothing_that_connects(self):
        # A shared library lists by name what it calls of the system's; a telemetry client could not do without these.
        names = (ward.PROJECT / ".onnxruntime" / "libonnxruntime.so").read_bytes()
        self.assertTrue(calls(names, "dlopen"), "the search does not even find what the library does call")
        for name in ("socket", "connect", "getaddrinfo", "sendto", "sendmsg"):
            self.assertFalse(calls(names, name), f"the library calls {name}")


def calls(names, name):
    return b"\0" + name.encode() + b"\0" in names


if __name__ == "__main__":
    unittest.main()
