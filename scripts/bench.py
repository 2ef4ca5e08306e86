"""How near Ward comes to what its models reach without any server, and what it does under five times too much load.

    make bench                             on the load test's own lines
    make bench CHATS="A.jsonl B.jsonl.gz"  on real texts

The server has one core and the client another, both on loopback; the raw limit runs on the server's core. Sides take
turns and the medians are compared, so that a machine that is slow for a while is slow for both. Chats are in the form of
examples/chat.jsonl, plain or gzip; of lines that name a split, those of `val` are used. Prints a table and writes
target/bench.json. Takes half an hour; --minutes more for memory. Linux only.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

from testbed import PATIENT, TARGET, WORK, Server, raw_limit, write_texts

# Of each load, after a second to warm up.
LOAD = ("--warm-up", "1s", "--duration", "8s")
DEADLINE = ("--deadline", "250ms")
# Longer, since there are only three or four such calls a second.
BATCHES = ("--batch", 64, "--concurrency", 4, *PATIENT, "--warm-up", "2s", "--duration", "20s")
RETRYING = ("--retry-share", 0.5)
OVERLOAD = 5
LONE_TURNS = 5


def main():
    options = parsed()
    if (os.cpu_count() or 1) < 2:
        sys.exit("make bench needs two cores: one for the server, one for the client")
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
        with Server() as server:
            batched = server.load("grooming", "--texts", self.texts, *BATCHES)
            # So many that there is always work, and so few that hardly any is refused: short messages are refused less,
            # so that with many refusals the messages answered would be cheaper than those of the raw limit.
            unary = server.load("grooming", "--texts", self.texts, *LOAD, *PATIENT, "--concurrency", 12)
        self.note(
            chat_raw_limit=raw["raw_limit"],
            chat_batched_ratio=batched["items_per_second"] / raw["raw_limit"],
            chat_unary_ratio=unary["items_per_second"] / raw["raw_limit"],
            chat_unary_refused=sum(unary["errors"].values()) / unary["calls"],
            alone_p99_ms=raw["alone_p99_ms"],
        )
        self.lone(raw["p50_tokens"])

    def lone(self, tokens):
        """A message of the median length, in many short turns: the machine's own pace varies by more than is looked for."""
        typical = WORK / "typical.txt"
        typical.write_text(self.of_length(tokens), encoding="utf-8")
        with Server() as server:
            for _ in range(LONE_TURNS):
                [raw] = raw_limit("chat", typical)
                before = inference(server)
                lone = server.load("grooming", "--texts", typical, "--duration", "2s", *PATIENT, "--concurrency", 1)
                seconds, runs = (now - then for now, then in zip(inference(server), before))
                p50 = lone["latency_ms"]["p50"]
                self.note(lone_overhead_ms=p50 - raw["alone_p50_ms"], lone_around_own_ms=p50 - 1000 * seconds / runs)

    def of_length(self, tokens):
        """A message that is about as long as the median; words are a little longer than tokens."""
        lines = self.texts.read_text(encoding="utf-8").splitlines()
        return min(lines, key=lambda line: abs(len(line.split()) + 3 - tokens)) + "\n"

    def photos(self):
        for raw in raw_limit("photos", WORK):
            with Server() as server:
                calls = ("age", "--image", raw["file"], *LOAD, *PATIENT)
                saturated, lone = server.load(*calls, "--concurrency", 8), server.load(*calls, "--concurrency", 1)
            size = Path(raw["file"]).stem
            self.note(**{f"photo_ratio_{size}": saturated["items_per_second"] / raw["raw_limit"],
                         f"photo_lone_overhead_{size}_ms": lone["latency_ms"]["p50"] - raw["in_turn_ms"]})


def inference(server):
    """Seconds that the message model ran so far, and how often."""
    metrics = server.metrics()
    return [metrics[f'ward_infer_seconds_{what}{{model="grooming"}}'] for what in ("sum", "count")]


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
            failures_70_percent=below["calls"] - below["in_time"],
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
        batches = ("grooming", "--texts", self.texts, *BATCHES)
        alone = self.server.load(*batches)
        crowd = self.server.load(*batches, "--idle-connections", 1000, "--idle-streams", 200)
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
    sides, sizes = ("cancel", "no_cancel"), ("640x480", "1280x720")
    return report | {
        "photo_ratio": min(report[f"photo_ratio_{size}"] for size in sizes),
        "goodput_5x_ratio": min(report[f"goodput_5x_ratio_{side}"] for side in sides),
        # One is one too many: no median.
        "failures_70_percent": report["spread"]["failures_70_percent"][1],
        "p99_5x_ms": max(report[f"p99_5x_{side}_ms"] for side in sides),
        "p99_70_percent_inferences": report["p99_70_percent_ms"] / report["alone_p99_ms"],
    }


# What is shown: words, key, bound, and whether that is the least or the most it may be.
ROWS = (
    ("chat, batches of 64 ÷ raw limit", "chat_batched_ratio", 0.95, "least"),
    ("chat, unary, saturated ÷ raw limit", "chat_unary_ratio", 0.85, "least"),
    ("… of these, refused", "chat_unary_refused", None, None),
    ("photos 640×480 ÷ stages alone", "photo_ratio_640x480", 0.92, "least"),
    ("photos 1280×720 ÷ stages alone", "photo_ratio_1280x720", 0.92, "least"),
    ("lone message − one inference, ms", "lone_overhead_ms", 0.6, "most"),
    ("lone message − its own inference, ms", "lone_around_own_ms", None, None),
    ("lone photo 640×480 − stages in turn, ms", "photo_lone_overhead_640x480_ms", 0.6, "most"),
    ("lone photo 1280×720 − stages in turn, ms", "photo_lone_overhead_1280x720_ms", 0.6, "most"),
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
