"""What bench.py and costs.py measure with: a server on one core, a client on another, real texts between them. Linux only."""

import gzip
import json
import random
import subprocess
import sys
import urllib.request
from pathlib import Path

import cargo

sys.path.insert(0, str(cargo.PROJECT / "tests"))
import ward  # noqa: E402  (only found once tests/ is on the path)

SERVER_CORE, CLIENT_CORE = "0", "1"
MESSAGES = 1000
SEED = 1
# Of callers who wait: longer than any queue.
PATIENT = ("--deadline", "5s")
TARGET = cargo.PROJECT / "target"
WORK = TARGET / "bench"


def write_texts(files):
    """One message a line: the same for the load test and for the raw limit. Without files, the load test's own lines."""
    WORK.mkdir(parents=True, exist_ok=True)
    lines = [line for path in files for line in lines_of(path)]
    if not files:
        lines = (cargo.PROJECT / "loadtest/src/messages.txt").read_text(encoding="utf-8").splitlines()
    random.Random(SEED).shuffle(lines)
    texts = WORK / "texts.txt"
    texts.write_text("".join(f"{line}\n" for line in lines[:MESSAGES]), encoding="utf-8")
    return texts


def lines_of(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        chats = [json.loads(row) for row in file]
    kept = [chat for chat in chats if chat.get("split", "val") == "val"]
    texts = (" ".join(message["text"].split()) for chat in kept for message in chat["messages"])
    return [text for text in texts if text]


class Server:
    """`ward serve` with the shipped configuration, on the server's core."""

    def __enter__(self):
        process_ids = []
        self.ward = ward.Ward(started=process_ids.append, profile="release", core=SERVER_CORE)
        self.process_id = process_ids[0]
        return self

    def __exit__(self, *_):
        self.ward.stop()

    def load(self, target, *arguments):
        """What ward-loadtest measures, from the client's core. It fails when a score changes under load."""
        file = WORK / "load.json"
        load = self.start(target, *arguments, "--json", file)
        _, words = load.communicate()
        if load.returncode != 0:
            sys.exit(f"ward-loadtest failed:\n{words}")
        return json.loads(file.read_text(encoding="utf-8"))

    def start(self, target, *arguments):
        """The same, not waited for."""
        words = ["taskset", "--cpu-list", CLIENT_CORE, cargo.program("ward-loadtest", "release"), target, "--addr",
                 f"http://{self.ward.address}", *arguments]
        return subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def metrics(self):
        """The server's own, by name with labels."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{self.ward.admin}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def memory_mib(self):
        for line in Path(f"/proc/{self.process_id}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise KeyError("VmRSS")


def raw_limit(*arguments):
    """The lines of `cargo bench -p models --bench raw_limit`, run on the server's core."""
    words = ["taskset", "--cpu-list", SERVER_CORE, "cargo", "bench", "--locked", "--package", "models", "--bench",
             "raw_limit", "--", *map(str, arguments)]
    done = subprocess.run(words, cwd=cargo.PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"the raw limit failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
