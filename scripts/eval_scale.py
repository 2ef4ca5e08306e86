"""Measures the memory of ward-eval on very large data: it must not grow with them.

    python3 scripts/eval_scale.py age 100000           after `cargo build --release --package eval`
    python3 scripts/eval_scale.py grooming 1000000

The data are made up: the example portrait, named again and again with other ages, people and groups; short harmless
conversations of one message, no two the same (messages are counted and forgotten: more of them take time, not memory).
Prints one line of JSON; memory is the kernel's largest resident set of the process, in MiB. Unix only.
"""

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cargo

TEXTS = ["see you at {}", "row {} is free", "{} points, well played", "bus {} is late"]


def main():
    command, count = sys.argv[1], int(sys.argv[2])
    make = {"age": make_photos, "grooming": make_chats}[command]
    with tempfile.TemporaryDirectory() as folder:
        data = make(Path(folder), count)
        out = Path(folder) / "out"
        words = [cargo.program("ward-eval", "release"), command, *data, "--out", out]
        started = time.monotonic()
        subprocess.run(words, cwd=cargo.PROJECT, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - started
        report = json.loads((out / "report.json").read_text())
    # Linux counts in KiB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
    print(json.dumps({"command": command, "count": count, "counted": counted(report), "seconds": round(seconds),
                      "peak_mib": round(peak)}))


def make_photos(folder, count):
    manifest = folder / "photos.csv"
    with manifest.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "age", "subject", "sex", "group_device"])
        for number in range(count):
            rows.writerow(["astronaut.jpg", number % 80, f"person-{number // 3}", number % 2, f"device-{number % 7}"])
    return ["--manifest", manifest, "--images", cargo.PROJECT / "examples"]


def make_chats(folder, count):
    data = folder / "chats.jsonl"
    with data.open("w") as file:
        for number in range(count):
            message = {"speaker": "A", "text": TEXTS[number % len(TEXTS)].format(number)}
            file.write(json.dumps({"conversation_id": f"made/{number}", "source": f"source-{number % 9}",
                                   "label": int(number % 50 == 0), "messages": [message]}) + "\n")
    return ["--data", data]


def counted(report):
    """How many photos or conversations the report is of."""
    if report["kind"] == "age":
        return report["overall"]["n"]
    return report["conversation"]["n_pos"] + report["conversation"]["n_neg"]


if __name__ == "__main__":
    main()
