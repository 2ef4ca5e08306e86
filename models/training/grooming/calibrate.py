"""From logits to probabilities: Platt's line and a threshold for each output, fitted on validation messages.

Validation means wordings of held-out families and real chats of the validation split: on the training families the
model is surer than it is right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import average_precision_score, precision_recall_curve

from score import Scored
from signals import OUTPUTS, SIGNALS

# Held-out families are few; this keeps a line near the identity where they say little (in units of messages).
PRIOR_WEIGHT = 30.0
# A signal that is named is more likely there than not. The best F1 would often lie lower, but the messages that this is fitted on
# hold far more signals than a platform's.
THRESHOLD_RANGE = (0.5, 0.9)
# The risk from which on a message counts as flagged.
FLAGGED = 0.5


@dataclass(frozen=True)
class Calibration:
    """One line and one threshold an output: p = 1 / (1 + e^-(slope·logit + offset))."""

    slopes: np.ndarray
    offsets: np.ndarray
    thresholds: np.ndarray

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(logits * self.slopes + self.offsets)))

    def fires(self, scored: list[Scored]) -> np.ndarray:
        """Whether the model finds something in each message: a signal that fires, or a risk of FLAGGED."""
        return (self._chances(scored) >= np.append(self.thresholds[:-1], FLAGGED)).any(1)

    def chance_of_any(self, scored: list[Scored]) -> np.ndarray:
        """How likely it is that there is anything to find in each message, were the outputs independent of each other."""
        return 1 - (1 - self._chances(scored)).prod(1)

    def _chances(self, scored: list[Scored]) -> np.ndarray:
        return self.probabilities(np.concatenate([one.logits for one in scored]))


def fit(scored: list[Scored]) -> Calibration:
    """Fits every output on the messages whose label is known."""
    logits, labels, known = _stack(scored)
    lines = [_platt(logits[known[:, n], n], labels[known[:, n], n]) for n in range(len(OUTPUTS))]
    slopes, offsets = (np.array(values) for values in zip(*lines))
    chances = 1 / (1 + np.exp(-(logits * slopes + offsets)))
    thresholds = [_threshold(chances[known[:, n], n], labels[known[:, n], n]) for n in range(len(OUTPUTS))]
    return Calibration(slopes, offsets, np.array(thresholds))


def from_manifest(manifest: dict) -> Calibration:
    """The calibration that a bundle's manifest holds."""
    lines = [*(manifest["calibration"]["signals"][signal] for signal in SIGNALS), manifest["calibration"]["risk"]]
    slopes, offsets = (np.array([line[key] for line in lines]) for key in ("slope", "offset"))
    thresholds = np.array([*(manifest["thresholds"][signal] for signal in SIGNALS), FLAGGED])
    return Calibration(slopes, offsets, thresholds)


def report(scored: list[Scored], calibration: Calibration) -> list[dict]:
    """AP, ECE (15 bins), recall and precision at the threshold, for every output."""
    logits, labels, known = _stack(scored)
    chances = calibration.probabilities(logits)
    rows = []
    for n, output in enumerate(OUTPUTS):
        chance, label = chances[known[:, n], n], labels[known[:, n], n]
        fired = chance >= calibration.thresholds[n]
        rows.append({
            "output": output,
            "positives": int(label.sum()),
            "ap": float(average_precision_score(label, chance)),
            "ece": expected_calibration_error(chance, label),
            "recall": float(fired[label > 0].mean()),
            "precision": float(label[fired].mean()) if fired.any() else 0.0,
        })  # fmt: skip
    return rows


def expected_calibration_error(chances: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Mean distance between what was said and what was so, over equal bins of probability."""
    which = np.minimum((chances * bins).astype(int), bins - 1)
    error = 0.0
    for number in range(bins):
        inside = which == number
        if inside.any():
            error += inside.mean() * abs(chances[inside].mean() - labels[inside].mean())
    return float(error)


def _stack(scored: list[Scored]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    logits = np.concatenate([one.logits for one in scored])
    labels = np.concatenate([one.labels for one in scored])
    known = np.concatenate([one.known for one in scored])
    return logits, labels, known > 0


def _platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    def loss(line: np.ndarray) -> float:
        slope, offset = line
        margin = (slope * logits + offset) * (2 * labels - 1)
        return np.logaddexp(0, -margin).sum() + PRIOR_WEIGHT * ((slope - 1) ** 2 + 0.1 * offset**2)

    best = minimize(loss, x0=(1.0, 0.0), method="L-BFGS-B", bounds=((0.2, 3.0), (-6.0, 6.0)))
    return float(best.x[0]), float(best.x[1])


def _threshold(chances: np.ndarray, labels: np.ndarray) -> float:
    """The probability with the best F1, kept within THRESHOLD_RANGE."""
    precision, recall, thresholds = precision_recall_curve(labels, chances)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(np.clip(thresholds[np.argmax(f1[:-1])], *THRESHOLD_RANGE))
