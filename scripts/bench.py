"""How near Ward comes to what its models reach without any server, and what it does under five times too much load.

    make bench                                           the load test's own lines
    .venv/bin/python scripts/bench.py CHATS.jsonl.gz     real texts, after `cargo build --release`

The server has one core and the client another, both on loopback; the raw limit runs on the server's core. Sides take
turns and the medians are compared, so that a machine that is slow for a while is slow for both. Chats are in the form of
examples/chat.jsonl, plain or gzip; of lines that name a split, those of `val` are used. Prints a table and writes
target/bench.json. Takes about twenty minutes, of which --minutes are for memory. Linux only.
"""

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import cargo

sys.path.insert(0, str(cargo.PROJECT / "tests"))
import ward  # noqa: E402  (only found once tests/ is on the path)

SERVER_CORE, CLIENT_CORE = "0", "1"
MESSAGES = 1000
SEED = 1
# Of each load, after a second to warm up.
LOAD = ("--warm-up", "1s", "--duration", "8s")
DEADLINE = ("--deadline", "250ms")
RETRYING = ("--retry-share", 0.5)
OVERLOAD = 5
TARGET = cargo.PROJECT / "target"
WORK = TARGET / "bench"


def main():
    options = parsed()
    if (os.cpu_count() or 1) < 2:
        sys.exit("make bench needs two cores: one for the server, one for the client")
    WORK.mkdir(parents=True, exist_ok=True)
    texts, figures = write_texts(options.texts), Figures()
    for number in range(options.rounds):
        progress(f"speed, round {number + 1} of {options.rounds}")
        Speed(texts, figures).measure()
    with Server() as server:
        progress("looking for the knee")
        overload = Overload(server, texts, figures)
        for number in range(options.rounds):
            progress(f"overload, round {number + 1} of {options.rounds}")
            overload.measure()
    progress(f"memory, {options.minutes:g} min")
    memory(texts, overload.knee, options.minutes, figures)
    report = derived({"rounds": options.rounds, "minutes": options.minutes, **figures.report()})
    (TARGET / "bench.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    show(report)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="*", type=Path, help="chats to draw messages from")
    parser.add_argument("--rounds", type=int, default=5, help="times that each side runs (default 5)")
    parser.add_argument("--minutes", type=float, default=1, help="of five times too much load (default 1)")
    return parser.parse_args()


def write_texts(files):
    """One message a line: the same for the load test and for the raw limit."""
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
        words = [cargo.program("ward-loadtest", "release"), target, "--addr", f"http://{self.ward.address}",
                 "--json", file, *arguments]
        done = subprocess.run(["taskset", "--cpu-list", CLIENT_CORE, *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"ward-loadtest failed:\n{done.stderr}")
        return json.loads(file.read_text(encoding="utf-8"))

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


class Figures:
    """What was measured, by name: a value a round."""

    def __init__(self):
        self.seen = {}

    def note(self, **figures):
        for name, value in figures.items():
            self.seen.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.seen[name])

    def report(self):
        spread = {name: [min(values), max(values)] for name, values in self.seen.items()}
        return {name: self.median(name) for name in self.seen} | {"spread": spread}


class Speed:
    """Throughput as a share of the raw limit, and what the server adds to a lone request."""

    def __init__(self, texts, figures):
        self.texts, self.note = texts, figures.note

    def measure(self):
        self.chat()
        self.photos()

    def chat(self):
        [raw] = raw_limit("chat", self.texts)
        typical = WORK / "typical.txt"
        typical.write_text(self.of_length(raw["p50_tokens"]), encoding="utf-8")
        [lone_raw] = raw_limit("chat", typical)
        with Server() as server:
            saturated = ("--texts", self.texts, "--deadline", "5s", *LOAD)
            batched = server.load("grooming", *saturated, "--batch", 64, "--concurrency", 4)
            unary = server.load("grooming", *saturated, "--concurrency", 24)
            lone = server.load("grooming", "--texts", typical, *LOAD, "--concurrency", 1)
        self.note(
            chat_raw_limit=raw["raw_limit"],
            chat_batched_ratio=batched["items_per_second"] / raw["raw_limit"],
            chat_unary_ratio=unary["items_per_second"] / raw["raw_limit"],
            lone_overhead_ms=lone["latency_ms"]["p50"] - lone_raw["alone_p50_ms"],
            alone_p99_ms=raw["alone_p99_ms"],
        )

    def of_length(self, tokens):
        """A message that is about as long as the median; words are a little longer than tokens."""
        lines = self.texts.read_text(encoding="utf-8").splitlines()
        return min(lines, key=lambda line: abs(len(line.split()) + 3 - tokens)) + "\n"

    def photos(self):
        ratios = []
        for raw in raw_limit("photos", WORK):
            with Server() as server:
                got = server.load("age", "--image", raw["file"], *LOAD, "--concurrency", 8, "--deadline", "5s")
            ratios.append(got["items_per_second"] / raw["raw_limit"])
            self.note(**{f"photo_ratio_{Path(raw['file']).stem}": ratios[-1]})
        self.note(photo_ratio=min(ratios))


class Overload:
    """What callers get at the knee, under it and far over it."""

    def __init__(self, server, texts, figures):
        self.server, self.texts, self.note = server, texts, figures.note
        self.knee = self.load("--sweep", "--warm-up", "1s", "--duration", "5s")["knee"]["rate"]

    def load(self, *arguments):
        return self.server.load("grooming", "--texts", self.texts, *DEADLINE, *arguments)

    def at(self, share, *arguments):
        return self.load("--rate", round(share * self.knee, 1), *LOAD, *arguments)

    def measure(self):
        knee, below = self.at(1), self.at(0.7)
        self.note(
            knee=self.knee,
            knee_goodput=knee["goodput"],
            p99_70_percent_ms=below["latency_ms"]["p99"],
            failures_70_percent=sum(below["errors"].values()),
        )
        self.over(knee["goodput"])
        self.bulk()
        self.idle()

    def over(self, knee_goodput):
        for patience in ("cancel", "no-cancel"):
            over = self.at(OVERLOAD, f"--{patience}", *RETRYING)
            name = patience.replace("-", "_")
            self.note(**{f"goodput_5x_ratio_{name}": over["goodput"] / knee_goodput,
                         f"p99_5x_{name}_ms": over["latency_ms"]["p99"]})

    def bulk(self):
        """Interactive work that the server can do, beside five times what it can do in bulk."""
        rates = (0.7, OVERLOAD)
        mixed = self.at(sum(rates), "--bulk-share", round(rates[1] / sum(rates), 4))["by_priority"]
        interactive, bulk = mixed["interactive"], mixed["bulk"]
        self.note(interactive_beside_bulk=interactive["in_time"] / interactive["calls"], bulk_per_second=bulk["goodput"])

    def idle(self):
        closed = ("--batch", 64, "--concurrency", 4, "--deadline", "5s", *LOAD)
        beside = ("--idle-connections", 1000, "--idle-streams", 200)
        alone = self.server.load("grooming", "--texts", self.texts, *closed)
        crowd = self.server.load("grooming", "--texts", self.texts, *closed, *beside)
        self.note(idle_loss=1 - crowd["items_per_second"] / alone["items_per_second"])


def memory(texts, knee, minutes, figures):
    """Resident memory of a server before any load, and after minutes of far too much."""
    with Server() as server:
        before = server.memory_mib()
        server.load("grooming", "--texts", texts, *DEADLINE, *RETRYING, "--rate", OVERLOAD * knee, "--duration",
                    f"{round(60 * minutes)}s")
        after = server.memory_mib()
    figures.note(rss_before_mib=before, rss_after_mib=after, rss_growth=after / before)


def derived(report):
    """Figures of figures: the worse of two sides, a latency in inferences."""
    sides = ("cancel", "no_cancel")
    return report | {
        "goodput_5x_ratio": min(report[f"goodput_5x_ratio_{side}"] for side in sides),
        "p99_5x_ms": max(report[f"p99_5x_{side}_ms"] for side in sides),
        "p99_70_percent_inferences": report["p99_70_percent_ms"] / report["alone_p99_ms"],
    }


# What is shown: words, key, bound, and whether that is the least or the most it may be.
ROWS = (
    ("chat, batches of 64 ÷ raw limit", "chat_batched_ratio", 0.95, "least"),
    ("chat, unary, saturated ÷ raw limit", "chat_unary_ratio", 0.85, "least"),
    ("photos 640×480 ÷ stages alone", "photo_ratio_640x480", 0.92, "least"),
    ("photos 1280×720 ÷ stages alone", "photo_ratio_1280x720", 0.92, "least"),
    ("lone request − one inference, ms", "lone_overhead_ms", 0.6, "most"),
    ("p99 at 70 % of the knee ÷ p99 inference", "p99_70_percent_inferences", 5, "most"),
    ("failures at 70 % of the knee", "failures_70_percent", 0, "most"),
    ("goodput at 5× ÷ at the knee, who cancels", "goodput_5x_ratio_cancel", 0.95, "least"),
    ("goodput at 5× ÷ at the knee, who stays", "goodput_5x_ratio_no_cancel", 0.95, "least"),
    ("p99 of the accepted at 5×, ms", "p99_5x_ms", 187, "most"),
    ("interactive in time beside bulk at 5×", "interactive_beside_bulk", 0.99, "least"),
    ("loss by 1,000 idle connections, 200 streams", "idle_loss", 0.05, "most"),
    ("memory after overload ÷ before", "rss_growth", 1.2, "most"),
    ("raw limit, messages/s", "chat_raw_limit", None, None),
    ("the knee, calls/s", "knee", None, None),
)


def show(report):
    print(f"{'':44} {'median':>8} {'lowest':>8} {'highest':>8}  bound")
    for words, key, bound, side in ROWS:
        lowest, highest = report["spread"].get(key, ["", ""])
        cells = " ".join(f"{cell:8.3f}" if cell != "" else " " * 8 for cell in (report[key], lowest, highest))
        print(f"{words:44} {cells}  {verdict(report[key], bound, side)}")


def verdict(value, bound, side):
    if bound is None:
        return ""
    met = value >= bound if side == "least" else value <= bound
    return f"at {side} {bound}: {'met' if met else 'MISSED'}"


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
