"""Reads the template families and divides them into train, val and test: by family, never by sentence.

The files under `families/` are data: a family is one way of saying or doing one thing. A held-out family is a wording
that training has never seen, which is the only recall that synthetic text can honestly claim. Files that come later are
divided by themselves: they move no family from one split to another, so that a model trained further is asked about
nothing that it has seen. Those under `taught/` are not divided at all: they only teach, so that what is held out stays
the same from one model to the next.
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

# Of the families of a signal, of the scenes of a file, of small talk: what goes to val, and again to test.
HELD_OUT = 0.13

_SUFFIX = re.compile(r"\s+#(\?|[A-Z_]+)$")
_PAIR = re.compile(r"\[\[(.*?)\|\|(.*?)\]\]")
_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"<([a-z]+)>")


@dataclass(frozen=True)
class Line:
    """One template. `signals` is None where they are unsettled; `speaker`, `optional` and `risk` serve scripts only."""

    template: str
    signals: frozenset[str] | None
    speaker: str = ""
    optional: bool = False
    risk: bool = False


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


def in_version(template: str, label: int) -> str:
    """Of every [[grooming wording||innocent wording]] the one of the label."""
    return _PAIR.sub(lambda match: match.group(1 if label else 2), template)


def grooming(split: str) -> dict[str, list[Family]]:
    """Signal → its families of the split, divided signal by signal."""
    rounds = [_group([family for path in _files("grooming") for family in _read(path)])]
    rounds += [_group(_read(path)) for path in _files("grooming/later")]
    taught = _group(_taught("grooming", split))
    return {
        signal: [family for grouped in rounds for family in _divide(grouped.get(signal, []))[split]] + taught.get(signal, [])
        for signal in SIGNAL_INDEX
    }


def replies(split: str) -> dict[str, list[Line]]:
    """Signal → what the other person answers, divided by line."""
    chosen: dict[str, list[Line]] = {}
    for signal, families in _group(_read("replies.txt")).items():
        lines = _shuffled([line for family in families for line in family.lines], key=lambda line: line.template)
        chosen[signal] = _cut(lines)[split]
    return chosen


def hard_negatives(split: str) -> list[Family]:
    """Innocent scenes in the same words, divided persona by persona; later ones and whole conversations, file by file."""
    grouped = _group([family for path in _files("hard_negatives") for family in _read(path)])
    scenes = [scene for scenes in grouped.values() for scene in _divide(scenes)[split]]
    by_file = _files("hard_negatives/later") + _files("stories")
    return scenes + [scene for path in by_file for scene in _divide(_read(path))[split]] + _taught("hard_negatives", split)


def everyday(split: str) -> list[Family]:
    """What ordinary people say that is literally a signal, and look-alikes; single lines, divided signal by signal."""
    by_file = [_group(_read(path)) for path in _files("everyday")]
    divided = [family for grouped in by_file for families in grouped.values() for family in _divide(families)[split]]
    return divided + _taught("everyday", split)


def scripts(split: str) -> list[Family]:
    """Whole conversations that show the pattern."""
    return [script for path in _files("scripts") for script in _divide(_read(path))[split]] + _taught("scripts", split)


def pairs(split: str) -> list[Family]:
    """Scenes of two versions: `in_version` picks the words of one."""
    return [pair for path in _files("pairs") for pair in _divide(_read(path))[split]] + _taught("pairs", split)


def smalltalk(split: str) -> list[Family]:
    """Ordinary exchanges that fill conversations of either label."""
    return _divide(_read("smalltalk.txt"))[split]


def count(split: str) -> int:
    """How many families conversations of the split are composed from; replies and small talk are not counted."""
    lists = [*grooming(split).values(), hard_negatives(split), everyday(split), scripts(split), pairs(split)]
    return sum(map(len, lists))


def second(name: str) -> list[Family]:
    """Whole conversations of the second generator, "grooming" or "hard_negatives". All of them are test."""
    return _read(f"second/{name}.txt")


def platform(name: str) -> list[Family]:
    """The slang of an imaginary platform, "pattern" or "harmless". Never trained on."""
    return _read(f"platform/{name}.txt")


def _taught(kind: str, split: str) -> list[Family]:
    """The families of a kind that are for training alone."""
    return [family for path in _files(f"taught/{kind}") for family in _read(path)] if split == "train" else []


def _files(folder: str) -> list[Path]:
    return sorted((FOLDER / folder).glob("*.txt"))


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
    if unknown := tags - {"?", "RISK"} - set(SIGNAL_INDEX):
        raise ValueError(f"unknown signal {sorted(unknown)} in: {row}")
    script = re.match(r"^([A-Z])(\?)?: ", row)
    if not script:
        if tags & {"?", "RISK"}:
            raise ValueError(f"#? and #RISK are for scenes and scripts, not for single lines: {row}")
        # Lines of the groomer carry their family's signal; replies stand under the signal that they answer.
        return Line(row, frozenset(tags))
    signals = None if "?" in tags else frozenset(tags - {"RISK"})
    return Line(row[script.end() :], signals, script.group(1), bool(script.group(2)), "RISK" in tags)


def _shuffled(items: list, key) -> list:
    """A fixed order that depends on the items' own names and on nothing else."""
    return sorted(items, key=lambda item: hashlib.sha256(("ward:" + key(item)).encode()).digest())


def _divide(families: list[Family]) -> dict[str, list[Family]]:
    return _cut(_shuffled(families, key=lambda family: f"{family.kind} {family.name}"))


def _cut(items: list) -> dict[str, list]:
    count = max(1, round(HELD_OUT * len(items)))
    return {"test": items[:count], "val": items[count : 2 * count], "train": items[2 * count :]}


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
