"""Measures what Ward costs to run: the time from start until it is ready, and its memory idle and under load.

    .venv/bin/python scripts/footprint.py          after `cargo build --release --package service`

Each round starts the shipped configuration anew, asks it photos and chats from several threads at once, and ends it.
Prints one line of JSON; memory is the kernel's resident set size in MiB. Linux only: it reads /proc.
"""

import base64
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cargo

sys.path.insert(0, str(cargo.PROJECT / "tests"))
import ward  # noqa: E402  (only found once tests/ is on the path)

ROUNDS = 3
CALLERS = 4
CALLS = 5


def main():
    rounds = [measure() for _ in range(ROUNDS)]
    median = {key: round(statistics.median(each[key] for each in rounds), 2) for key in rounds[0]}
    print(json.dumps({"rounds": ROUNDS, **median}))


def measure():
    process_ids = []
    started = time.monotonic()
    server = ward.Ward(started=process_ids.append, profile="release")
    ready = time.monotonic() - started
    try:
        idle = resident(process_ids[0], "VmRSS")
        load(server)
        peak = resident(process_ids[0], "VmHWM")
    finally:
        server.stop()
    return {"ready_seconds": ready, "idle_mib": idle, "peak_under_load_mib": peak}


def load(server):
    """Photos and chats from many callers at once, so that every worker has run with full batches."""
    photo = {"image": base64.b64encode(ward.PHOTO.read_bytes()).decode()}
    chat = {"messages": [{"text": f"shall we meet the others at the river, number {number}?"} for number in range(32)]}

    def call(_):
        with server.client() as client:
            for _ in range(CALLS):
                client.call(ward.AGE, "EstimateAge", photo)
                client.call(ward.GROOMING, "ScoreMessages", chat)

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(call, range(CALLERS)))


def resident(process_id, field):
    """A line of /proc/PID/status, in MiB."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(field)


if __name__ == "__main__":
    main()
