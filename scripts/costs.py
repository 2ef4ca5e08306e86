"""What each step of a request costs the server: microseconds of CPU for each message or photo, under full load.

    .venv/bin/python scripts/costs.py [CHATS ...]        after `make bench`, on the same chats

The server has one core, as in `make bench`, and is looked at while it works: what its threads took is the kernel's count,
what preparing took is its own metrics'. Prints a table and writes target/costs.json. Takes two minutes. Linux only.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from testbed import PATIENT, TARGET, WORK, Server, raw_limit, write_texts

# Before this the load test asks about each input alone.
UNTIL_LOAD = 12
WATCHED = 8
DURATION = f"{UNTIL_LOAD + WATCHED + 2}s"
MICROSECONDS = 1e6
TRANSPORT = "tokio-rt-worker"
STEPS = ("transport", "prepare", "model")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="*", type=Path, help="chats to draw messages from")
    texts = write_texts(parser.parse_args().texts)
    chat = ("grooming", "--texts", texts)
    photos = [("age", "--image", raw["file"]) for raw in raw_limit("photos", WORK)]
    loads = {
        "message, alone in its call": (*chat, "--concurrency", 16),
        "message, 64 in a call": (*chat, "--batch", 64, "--concurrency", 4),
        "photo 640×480": (*photos[0], "--concurrency", 8),
        "photo 1280×720": (*photos[1], "--concurrency", 8),
    }
    costs = {name: measure(*load) for name, load in loads.items()}
    (TARGET / "costs.json").write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")
    show(costs)


def measure(target, *arguments):
    """CPU microseconds of each step, for one message or photo."""
    model = target
    with Server() as server:
        load = server.start(target, *arguments, *PATIENT, "--duration", DURATION)
        time.sleep(UNTIL_LOAD)
        before = counters(server, model)
        time.sleep(WATCHED)
        after = counters(server, model)
        load.wait()
    spent = {name: MICROSECONDS * (after[name] - before[name]) for name in before}
    items = spent.pop("items") / MICROSECONDS
    # By the clock, the model's own time would count what other threads took of the core meanwhile.
    spent["model"] = spent["worker"] - spent["prepare"]
    return {step: spent[step] / items for step in STEPS}


def counters(server, model):
    """Seconds so far, and items."""
    threads = thread_seconds(server.process_id)
    metrics = server.metrics()
    of_model = f'{{model="{model}"}}'
    return {
        "transport": threads[TRANSPORT],
        "worker": threads[model],
        "prepare": metrics[f"ward_prepare_seconds_sum{of_model}"],
        "items": metrics[f"ward_batch_jobs_sum{of_model}"],
    }


def thread_seconds(process_id):
    """CPU time of the process's threads by their names."""
    ticks = os.sysconf("SC_CLK_TCK")
    seconds = {}
    for stat in Path(f"/proc/{process_id}/task").glob("*/stat"):
        name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        user, system = rest.split()[11:13]
        seconds[name] = seconds.get(name, 0) + (int(user) + int(system)) / ticks
    return seconds


def show(costs):
    print(f"{'µs of CPU each':28}" + "".join(f"{step:>12}" for step in (*STEPS, "all")))
    for name, steps in costs.items():
        cells = (*(steps[step] for step in STEPS), sum(steps.values()))
        print(f"{name:28}" + "".join(f"{cell:12.0f}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
