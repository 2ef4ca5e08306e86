"""Writes synthetic conversations of one split as JSONL, for `ward-eval grooming` and for reading.

    python generate.py --data DIR --split test --out FILE

`--data` names the folder of the benign chats: a third of the conversations is woven into one of them. Such a file
contains lines of those corpora and falls under their terms; `--no-hosts` writes one that is wholly our own.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import benign
from compose import Composer
from conversation import Conversation, write_jsonl
from families import SPLITS

SEED = 20261124


def draw(composer: Composer, positives: int, negatives: int) -> list[Conversation]:
    """Positives and hard negatives of the composer's split, in a fixed order."""
    return [composer.positive(n) for n in range(positives)] + [composer.negative(n) for n in range(negatives)]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Synthetic conversations with labels, split by template family.")
    parser.add_argument("--data", type=Path, help="folder of the benign chats (*.jsonl.gz)")
    parser.add_argument("--no-hosts", action="store_true", help="weave nothing into real chats; needs no --data")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--positives", type=int, default=1000)
    parser.add_argument("--negatives", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if not arguments.data and not arguments.no_hosts:
        parser.error("give --data DIR, or --no-hosts")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    # The withheld part of the benign chats is not ours to read, so test conversations borrow hosts from val.
    host_split = "train" if arguments.split == "train" else "val"
    hosts = None if arguments.no_hosts else benign.BenignPool(benign.read(arguments.data, host_split))
    composer = Composer(arguments.split, hosts, random.Random(arguments.seed))
    count = write_jsonl(draw(composer, arguments.positives, arguments.negatives), arguments.out, arguments.split)
    print(f"{arguments.out}: {count} conversations of the {arguments.split} families")


if __name__ == "__main__":
    main()
