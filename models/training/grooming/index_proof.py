"""Writes the files for the proof that an index of a platform's own examples finds what no general model can know.

    python index_proof.py --out DIR

The pattern is the slang of an imaginary platform (families/platform), of which training has not seen a line. Half of its templates
give 50 examples (positives.txt; negatives.txt are harmless uses of the same words), the other half conversations to be found
(test.jsonl). `ward index build` takes the first two; `ward-eval grooming --data test.jsonl`, with `--index` and without, measures.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import families
from conversation import Conversation, Message, write_jsonl
from families import Family, Line, Slots, expand

SEED = 50
EXAMPLES, CONVERSATIONS = 50, 300


def main() -> None:
    parser = argparse.ArgumentParser(description="Examples and conversations of a pattern that training has not seen.")
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    known, sought = _halves(families.platform("pattern"), rng)
    harmless_known, harmless_sought = _halves(families.platform("harmless"), rng)
    _write_lines(out / "positives.txt", known, rng)
    _write_lines(out / "negatives.txt", harmless_known, rng)
    smalltalk = families.smalltalk("test")
    chats = [_chat(sought, smalltalk, 1, number, rng) for number in range(CONVERSATIONS)]
    chats += [_chat(harmless_sought, smalltalk, 0, number, rng) for number in range(CONVERSATIONS)]
    write_jsonl(chats, out / "test.jsonl", "test")
    print(f"{out}: {len(known)} templates known, {len(sought)} to be found; {len(chats)} conversations")


def _halves(of: list[Family], rng: random.Random) -> tuple[list[Line], list[Line]]:
    lines = [line for family in of for line in family.lines]
    rng.shuffle(lines)
    return lines[: len(lines) // 2], lines[len(lines) // 2 :]


def _write_lines(path: Path, lines: list[Line], rng: random.Random) -> None:
    variants = dict.fromkeys(expand(line.template, Slots(rng)) for _ in range(20) for line in lines)
    path.write_text("\n".join(list(variants)[:EXAMPLES]) + "\n", encoding="utf-8")


def _chat(lines: list[Line], smalltalk: list[Family], label: int, number: int, rng: random.Random) -> Conversation:
    """Four lines of the slang by one author, small talk around each."""
    slots, turns = Slots(rng), []
    for line in rng.sample(lines, 4):
        for spoken in rng.choice(smalltalk).lines[:3]:
            turns.append(Message(spoken.speaker, expand(spoken.template, slots)))
        turns.append(Message("A", expand(line.template, slots), None, risk=bool(label)))
    kind = "pattern" if label else "harmless"
    return Conversation(f"platform/{kind}/{number}", "synthetic_platform", label, kind, turns)


if __name__ == "__main__":
    main()
