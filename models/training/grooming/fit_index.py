"""Fits how a platform's own examples count: logit of the risk += slope · max(0, contrast - margin), contrast being how much more
a message is like the positive examples than like the negative ones (see `models/src/grooming/index.rs`), where it is like the
positive ones at all.

A held-out family of the first generator stands for a pattern that a platform knows: half of its lines are the examples, the other
half is to be found. Lines of hard negatives are the negative examples, and what must not be found.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

import families
from calibrate import Calibration
from families import Slots, expand
from score import Scorer

NEIGHBOURS = 3
SEED = 5
# Variants of each template, and the margins that are tried.
VARIANTS, MARGINS = 4, np.arange(0.0, 0.2, 0.02)
# Set by hand, on the conversations of index_proof.py themselves: of the messages of real chats, fewer than 1 in 200 are as like its
# fifty examples. Fitted on the many families below it came out at 0.70, which found less.
LEAST = 0.55
LARGEST_SLOPE = 40.0


@dataclass(frozen=True)
class IndexFit:
    """What goes into the manifest's [index]."""

    neighbours: int
    least: float
    slope: float
    margin: float


def contrasts(meanings: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """[N] for meanings [N, W], all of length 1."""
    return _likeness(meanings, positives) - _likeness(meanings, negatives)


def fit(scorer: Scorer, calibration: Calibration, benign: list[str]) -> IndexFit:
    """`benign`: messages of real chats."""
    rng = random.Random(SEED)
    patterns, harmless = _patterns(rng), _harmless(rng) + benign
    known, sought = ([text for lines in patterns for line in lines[half::2] for text in line] for half in (0, 1))
    logits, meanings = scorer.messages(sought + harmless)
    _, examples = scorer.messages(known + harmless[: len(known)])
    positives, negatives = examples[: len(known)], examples[len(known) :]
    labels = np.arange(len(meanings)) < len(sought)
    # The negative examples know themselves; they are no test.
    counted = np.ones(len(meanings), dtype=bool)
    counted[len(sought) : len(sought) + len(known)] = False
    like, contrast = _likeness(meanings, positives)[counted], contrasts(meanings, positives, negatives)[counted]
    labels, slope, offset = labels[counted], calibration.slopes[-1], calibration.offsets[-1]
    base, signs = logits[counted, -1] * slope + offset, np.where(labels, 1, -1)

    def best(margin: float) -> tuple[float, float]:
        lift = slope * np.where(like >= LEAST, np.maximum(0, contrast - margin), 0)
        found = minimize_scalar(lambda steep: np.logaddexp(0, -signs * (base + steep * lift)).mean(), bounds=(0, LARGEST_SLOPE))
        return float(found.fun), float(found.x)

    margin = min(MARGINS, key=lambda margin: best(margin)[0])
    return IndexFit(NEIGHBOURS, LEAST, best(margin)[1], float(margin))


def _patterns(rng: random.Random) -> list[list[list[str]]]:
    """For each family, for each of its templates, some variants."""
    held_out = [family for of_signal in families.grooming("val").values() for family in of_signal]

    def variants(template: str) -> list[str]:
        return [expand(template, Slots(rng)) for _ in range(VARIANTS)]

    return [[variants(line.template) for line in family.lines] for family in held_out]


def _harmless(rng: random.Random) -> list[str]:
    scenes = families.hard_negatives("val") + families.everyday("val")
    lines = [expand(line.template, Slots(rng)) for scene in scenes for line in scene.lines]
    rng.shuffle(lines)
    return lines


def _likeness(meanings: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Mean cosine of the nearest examples."""
    if not len(examples):
        return np.zeros(len(meanings))
    cosines = meanings @ examples.T
    count = min(NEIGHBOURS, len(examples))
    return np.partition(cosines, -count, axis=1)[:, -count:].mean(1)
