"""Fits how a platform's own examples count: logit of the risk += slope · max(0, contrast - margin), contrast being how much more
a message is like the positive examples than like the negative ones (see `models/src/grooming/index.rs`), where it is like the
positive ones at all.

What a platform knows and a general model does not is a pattern that the model finds harmless. So some held-out families of everyday lines,
drawn by chance, stand for one: half of their lines are the positive examples, the other half is to be found. Lines of
other families are the negative examples; those of more families, and messages of real chats, are what must not be found.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import numpy as np

import families
from calibrate import Calibration
from families import Family, Slots, expand
from risk import Scale
from score import Scorer

NEIGHBOURS = 3
SEED = 5
# Made-up patterns, families in each of them, and negative examples.
PATTERNS, FAMILIES, EXAMPLES = 24, 14, 50
SLOPES, MARGINS, LEASTS = (10, 15, 20, 30, 40, 60), np.arange(0.0, 0.3, 0.02), np.arange(0.4, 0.76, 0.05)
# Share of the harmless messages whose risk the index may raise to FLAGGED.
RAISED, FLAGGED = 0.0006, 0.5


@dataclass(frozen=True)
class IndexFit:
    """What goes into the manifest's [index]."""

    neighbours: int
    least: float
    slope: float
    margin: float


@dataclass(frozen=True)
class Likeness:
    """Of messages: the logit of the risk without an index, how like the positive examples they are, and how much more so than the
    negative ones."""

    logits: np.ndarray
    like: np.ndarray
    contrast: np.ndarray

    def risks(self, fitted: IndexFit) -> np.ndarray:
        lift = fitted.slope * np.maximum(0, self.contrast - fitted.margin)
        return 1 / (1 + np.exp(-(self.logits + np.where(self.like >= fitted.least, lift, 0))))


def contrasts(meanings: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """[N] for meanings [N, W], all of length 1."""
    return _likeness(meanings, positives) - _likeness(meanings, negatives)


def fit(scorer: Scorer, calibration: Calibration, scale: Scale, benign: list[str]) -> IndexFit:
    """The parameters that lift what is to be found the most, as evidence counts, and next to nothing else. `benign`: messages of
    real chats."""
    rng = random.Random(SEED)
    patterns = [_pattern(scorer, calibration, benign, rng) for _ in range(PATTERNS)]
    sought, harmless = (_joined([pattern[part] for pattern in patterns]) for part in (0, 1))
    flagged = (harmless.risks(IndexFit(NEIGHBOURS, 0.0, 0.0, 0.0)) >= FLAGGED).mean()

    def found(fitted: IndexFit) -> float:
        if (harmless.risks(fitted) >= FLAGGED).mean() - flagged > RAISED:
            return 0.0
        return float(np.mean([scale.strength(risk) for risk in sought.risks(fitted)]))

    grid = itertools.product(LEASTS, SLOPES, MARGINS)
    best = max((IndexFit(NEIGHBOURS, float(least), float(slope), float(margin)) for least, slope, margin in grid), key=found)
    print(f"index: {best}, evidence of what is to be found {found(best):.3f}", flush=True)
    return best


def _pattern(scorer: Scorer, calibration: Calibration, benign: list[str], rng: random.Random) -> tuple[Likeness, Likeness]:
    """What is to be found and what must not be, for one made-up pattern."""
    drawn = families.everyday("val")
    rng.shuffle(drawn)
    pattern, others = drawn[:FAMILIES], drawn[FAMILIES:]
    halves = _lines(pattern, rng)
    harmless = _lines(others, rng)
    known, sought, negative, rest = halves[::2], halves[1::2], harmless[:EXAMPLES], harmless[EXAMPLES:] + benign
    logits, meanings = scorer.messages(sought + rest)
    _, examples = scorer.messages(known + negative)
    positives, negatives = examples[: len(known)], examples[len(known) :]
    base = logits[:, -1] * calibration.slopes[-1] + calibration.offsets[-1]
    like, contrast = _likeness(meanings, positives), contrasts(meanings, positives, negatives)
    parts = (slice(0, len(sought)), slice(len(sought), None))
    return tuple(Likeness(base[part], like[part], contrast[part]) for part in parts)


def _lines(of: list[Family], rng: random.Random) -> list[str]:
    """In random order."""
    lines = [expand(line.template, Slots(rng)) for family in of for line in family.lines]
    rng.shuffle(lines)
    return lines


def _joined(parts: list[Likeness]) -> Likeness:
    return Likeness(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("logits", "like", "contrast")))


def _likeness(meanings: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Mean cosine of the nearest examples."""
    if not len(examples):
        return np.zeros(len(meanings))
    cosines = meanings @ examples.T
    count = min(NEIGHBOURS, len(examples))
    return np.partition(cosines, -count, axis=1)[:, -count:].mean(1)
