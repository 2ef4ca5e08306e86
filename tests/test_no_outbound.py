"""A running Ward speaks to nobody but its callers: from start to end, every socket that it holds is on loopback.

Looking again and again can miss what is over in a few milliseconds. So there is also a look into the files: neither the
program nor ONNX Runtime (whose later versions hold a telemetry client) calls anything that could connect.
"""

import base64
import ipaddress
import os
import re
import socket
import struct
import sys
import threading
import time
import unittest
from pathlib import Path

import ward
import cargo

UNCONNECTED = {"0.0.0.0", "::"}

# Of the ELF format: a section that lists dynamic symbols, and the section number of what is defined elsewhere.
SHT_DYNSYM = 11
SHN_UNDEF = 0


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


@unittest.skipUnless(sys.platform == "linux", "reads Linux's programs")
class NoMeansToConnect(unittest.TestCase):
    """A dynamic program lists by name what it calls of the system: neither file lists a call that could connect."""

    def test_the_program_cannot_connect(self):
        self.assert_cannot_connect(cargo.program("ward", "debug"), does_call="accept4")

    def test_the_runtime_library_cannot_connect(self):
        library = ward.PROJECT / ".onnxruntime" / "libonnxruntime.so"
        if not library.exists():
            self.skipTest("a library of the user's own is in use")
        self.assert_cannot_connect(library, does_call="dlopen")

    def assert_cannot_connect(self, path, does_call):
        calls = imports(path.read_bytes())
        self.assertIn(does_call, calls, "the reading does not even find what the file does call")
        self.assertEqual(calls & {"connect", "getaddrinfo", "sendto", "sendmsg", "sendmmsg"}, set())


def imports(elf):
    """The names of the functions and data that a 64-bit little-endian ELF file takes from other libraries."""
    table_offset, = struct.unpack_from("<Q", elf, 0x28)
    entry_size, entries = struct.unpack_from("<HH", elf, 0x3A)
    # Of each section: its type, offset, size, and the section that it is linked with.
    sections = [struct.unpack_from("<4xI16xQQI", elf, table_offset + entry_size * index) for index in range(entries)]
    names = set()
    for kind, offset, size, link in sections:
        if kind == SHT_DYNSYM:
            strings = sections[link][1]
            for symbol in range(offset, offset + size, 24):
                name, section = struct.unpack_from("<I2xH", elf, symbol)
                if section == SHN_UNDEF:
                    names.add(elf[strings + name:elf.index(b"\0", strings + name)].decode())
    return names


if __name__ == "__main__":
    unittest.main()
