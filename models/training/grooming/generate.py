"""Writes synthetic conversations of one split as JSONL, for `ward-eval grooming` and for reading.

    python generate.py --data DIR --split test --out FILE
    python generate.py --second --out FILE

`--data` names the folder of the benign chats: a third of the conversations is woven into one of them. Such a file
contains lines of those corpora and falls under their terms; `--no-hosts` writes one that is wholly our own. `--second` takes the second generator, which weaves nothing into real chats.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import benign
from compose import Composer
from conversation import Conversation, write_jsonl
from families import SPLITS
from second import SecondComposer

SEED = 20261124


def draw(composer: Composer | SecondComposer, positives: int, negatives: int) -> list[Conversation]:
    """Positives and hard negatives of the composer's split, in a fixed order."""
    return [composer.positive(n) for n in range(positives)] + [composer.negative(n) for n in range(negatives)]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Synthetic conversations with labels, split by template family.")
    parser.add_argument("--data", type=Path, help="folder of the benign chats (*.jsonl.gz)")
    parser.add_argument("--no-hosts", action="store_true", help="weave nothing into real chats; needs no --data")
    parser.add_argument("--second", action="store_true", help="the second generator; needs no --data")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--positives", type=int, default=1000)
    parser.add_argument("--negatives", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if not (arguments.data or arguments.no_hosts or arguments.second):
        parser.error("give --data DIR, --no-hosts or --second")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    count = write_jsonl(draw(composer(arguments), arguments.positives, arguments.negatives), arguments.out, arguments.split)
    print(f"{arguments.out}: {count} conversations")


def composer(arguments: argparse.Namespace) -> Composer | SecondComposer:
    rng = random.Random(arguments.seed)
    if arguments.second:
        return SecondComposer(rng)
    # The withheld part of the benign chats is not ours to read, so test conversations borrow hosts from val.
    host_split = "train" if arguments.split == "train" else "val"
    hosts = None if arguments.no_hosts else benign.BenignPool(benign.read(arguments.data, host_split))
    return Composer(arguments.split, hosts, rng)


if __name__ == "__main__":
    main()
