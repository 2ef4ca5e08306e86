"""Reads the template families and divides them into train, val and test: by family, never by sentence.

The files under `families/` are data: a family is one way of saying or doing one thing. A held-out family is a wording
that training has never seen, which is the only recall that synthetic text can honestly claim.
"""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass
from pathlib import Path

from signals import SIGNAL_INDEX

FOLDER = Path(__file__).parent / "families"
SPLITS = ("train", "val", "test")

_SUFFIX = re.compile(r"\s+#(\?|[A-Z_]+)$")
_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"<([a-z]+)>")


@dataclass(frozen=True)
class Line:
    """One template. `signals` is None where they are unsettled; `speaker` and `optional` serve scripts only."""

    template: str
    signals: frozenset[str] | None
    speaker: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Family:
    """`kind` is a signal, a persona or "smalltalk"; `name` says which way of it."""

    kind: str
    name: str
    lines: tuple[Line, ...]


class Slots(dict):
    """Values of the slots of one conversation, each drawn when first asked for."""

    def __init__(self, rng: random.Random):
        super().__init__()
        self.rng = rng

    def __missing__(self, slot: str) -> str:
        self[slot] = self.rng.choice(_slot_values()[slot])
        return self[slot]


def expand(template: str, slots: Slots) -> str:
    """Picks one alternative of every {a|b} and fills every <slot>."""
    text = _CHOICE.sub(lambda match: slots.rng.choice(match.group(1).split("|")), template)
    text = _SLOT.sub(lambda match: slots[match.group(1)], text)
    return " ".join(text.split())


def grooming(split: str) -> dict[str, list[Family]]:
    """Signal → its families of the split. Of every signal's thirteen families two are val and two are test."""
    return _group(_hold_out(_read("grooming.txt"), val=2, test=2)[split])


def replies(split: str) -> dict[str, list[Line]]:
    """Signal → what the other person answers; divided by line: two for test, two for val, the rest for train."""
    chosen = {}
    for family in _read("replies.txt"):
        lines = _shuffled(list(family.lines), key=lambda line: line.template)
        chosen[family.kind] = {"test": lines[:2], "val": lines[2:4], "train": lines[4:]}[split]
    return chosen


def hard_negatives(split: str) -> list[Family]:
    """Innocent scenes in the same words: about 70 % train, 15 % val, 15 % test of every file."""
    scenes = []
    for path in sorted((FOLDER / "hard_negatives").glob("*.txt")):
        scenes += _divide(_read(path), share=0.15)[split]
    return scenes


def smalltalk(split: str) -> list[Family]:
    """Ordinary exchanges that fill conversations of either label."""
    return _divide(_read("smalltalk.txt"), share=0.17)[split]


def _read(path: str | Path) -> list[Family]:
    families, heading, lines = [], None, []
    for raw in (FOLDER / path).read_text(encoding="utf-8").splitlines():
        row = raw.strip()
        if not row or row.startswith(";"):
            continue
        if row.startswith("=="):
            if heading:
                families.append(Family(*heading, tuple(lines)))
            kind, _, name = row.removeprefix("==").strip().partition(" ")
            heading, lines = (kind, name), []
        else:
            lines.append(_parse_line(row, kind))
    families.append(Family(*heading, tuple(lines)))
    return families


def _parse_line(row: str, kind: str) -> Line:
    tags = set()
    while match := _SUFFIX.search(row):
        tags.add(match.group(1))
        row = row[: match.start()]
    if unknown := tags - {"?"} - set(SIGNAL_INDEX):
        raise ValueError(f"unknown signal {sorted(unknown)} in: {row}")
    script = re.match(r"^([A-Z])(\?)?: ", row)
    if not script:
        # Lines of the groomer carry their family's signal; replies stand under the signal that they answer.
        return Line(row, frozenset(tags))
    signals = None if "?" in tags else frozenset(tags)
    return Line(row[script.end() :], signals, script.group(1), bool(script.group(2)))


def _shuffled(items: list, key) -> list:
    """A fixed order that depends on the items' own names and on nothing else."""
    return sorted(items, key=lambda item: hashlib.sha256(("ward:" + key(item)).encode()).digest())


def _divide(families: list[Family], share: float) -> dict[str, list[Family]]:
    count = max(1, round(share * len(families)))
    order = _shuffled(families, key=lambda family: f"{family.kind} {family.name}")
    return {"test": order[:count], "val": order[count : 2 * count], "train": order[2 * count :]}


def _hold_out(families: list[Family], val: int, test: int) -> dict[str, list[Family]]:
    divided: dict[str, list[Family]] = {split: [] for split in SPLITS}
    for signal in SIGNAL_INDEX:
        mine = [family for family in families if family.kind == signal]
        order = _shuffled(mine, key=lambda family: f"{family.kind} {family.name}")
        divided["test"] += order[:test]
        divided["val"] += order[test : test + val]
        divided["train"] += order[test + val :]
    return divided


def _group(families: list[Family]) -> dict[str, list[Family]]:
    grouped: dict[str, list[Family]] = {}
    for family in families:
        grouped.setdefault(family.kind, []).append(family)
    return grouped


def _slot_values() -> dict[str, list[str]]:
    if not _SLOT_VALUES:
        for row in (FOLDER / "slots.txt").read_text(encoding="utf-8").splitlines():
            if row.strip() and not row.startswith(";"):
                slot, _, values = row.partition(":")
                _SLOT_VALUES[slot.strip()] = [value.strip() for value in values.split("|")]
    return _SLOT_VALUES


_SLOT_VALUES: dict[str, list[str]] = {}
