"""Fits the conversation's risk: three weights, not negative, an intercept, and the thresholds of WATCH and ALERT.

The weights are those that tell the worst moments of conversations apart. Scale and intercept are then set so that the risk after the
last message is calibrated where as many conversations show the pattern as are hard negatives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from calibrate import Calibration
from risk import TERMS, ConversationEvidence, Scale
from score import Scored

GROOMING, HARD_NEGATIVE = "grooming", "hard negative"
SMALLNESS = 0.002
PASSES = 6
LARGEST_WEIGHT = 8.0
# Shares of (real benign chats, hard negatives) that may reach a state, and the least risk of that state. More of other hard negatives
# do than of those that it is set on.
WATCH_RATES, ALERT_RATES = (0.01, 0.1), (0.001, 0.015)
WATCH_LEAST, ALERT_LEAST = 0.2, 0.5
# A state is left when the odds have fallen to half of those at which it is entered.
HYSTERESIS = 0.5


@dataclass(frozen=True)
class Prefix:
    """The terms of the speaking author after each message, [messages, 3], those of every author at the end, [authors, 3], and what
    the conversation is."""

    terms: np.ndarray
    last: np.ndarray
    group: str
    label: int


@dataclass(frozen=True)
class RiskFit:
    """What goes into the manifest's [risk]."""

    scale: Scale
    intercept: float
    weights: np.ndarray
    watch: float
    alert: float

    def peaks(self, prefixes: list[Prefix]) -> np.ndarray:
        """The highest risk that each conversation ever reaches."""
        return np.array([_sigmoid((one.terms @ self.weights).max() + self.intercept) for one in prefixes])


def prefixes(scored: list[Scored], calibration: Calibration, scale: Scale) -> list[Prefix]:
    """Runs every conversation through the evidence, message by message."""
    rows = []
    for one in scored:
        chances = calibration.probabilities(one.logits)
        evidence = ConversationEvidence(scale)
        terms = [
            evidence.observe(message.speaker, float(chance[-1]), chance[:-1].tolist(), message.sent_at)
            for message, chance in zip(one.chat.messages, chances)
        ]
        last = [author.terms() for author in evidence.authors.values()]
        rows.append(Prefix(np.array(terms), np.array(last), group_of(one), one.chat.label))
    return rows


def group_of(scored: Scored) -> str:
    """GROOMING, HARD_NEGATIVE, or the source of what is harmless and real."""
    if scored.chat.label:
        return GROOMING
    return HARD_NEGATIVE if scored.chat.is_synthetic else scored.chat.source


def fit(rows: list[Prefix], scale: Scale) -> RiskFit:
    """Fits the weights on each conversation's own worst moment, and sets the thresholds."""
    weights, intercept = np.ones(len(TERMS)), -3.0
    labels = np.array([row.label for row in rows])
    importance = _importance(rows)
    for _ in range(PASSES):
        worst = np.stack([row.terms[np.argmax(row.terms @ weights)] for row in rows])
        weights, intercept = _logistic(worst, labels, importance, (weights, intercept))
    weights, intercept = _calibrated(rows, weights)
    fitted = RiskFit(scale, intercept, weights, watch=1.0, alert=1.0)
    return RiskFit(scale, intercept, weights, *_thresholds(fitted.peaks(rows), rows))


def report(rows: list[Prefix], fitted: RiskFit) -> dict:
    """ROC-AUC against everything benign, recall and false alarms at ALERT by group, and when the alert came."""
    peaks = fitted.peaks(rows)
    labels, groups = np.array([row.label for row in rows]), np.array([row.group for row in rows])
    rates = {group: (peaks[groups == group] >= fitted.alert) for group in sorted(set(groups))}
    shares = {str(group): f"{hits.mean():.4f} ({hits.sum()}/{hits.size})" for group, hits in rates.items()}
    result = {"alert_rate": shares}
    if labels.any() and not labels.all():
        result["roc_auc"] = float(roc_auc_score(labels, peaks))
        hard = (groups == GROOMING) | (groups == HARD_NEGATIVE)
        result["roc_auc_hard_negatives"] = float(roc_auc_score(labels[hard], peaks[hard]))
    alerts = [_first_alert(row, fitted) for row in rows if row.label]
    found = [index + 1 for index in alerts if index is not None]
    result["median_alert_message"] = float(np.median(found)) if found else None
    return result


def _logistic(terms: np.ndarray, labels: np.ndarray, importance: np.ndarray, start: tuple) -> tuple[np.ndarray, float]:
    """Weighted logistic regression with weights in [0, LARGEST_WEIGHT]."""
    signs = 2 * labels - 1

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        weights, intercept = point[:-1], point[-1]
        margin = signs * (terms @ weights + intercept)
        slope = -importance * signs / (1 + np.exp(margin))
        gradient = np.append(terms.T @ slope + 2 * SMALLNESS * weights, slope.sum())
        penalty = SMALLNESS * (weights**2).sum()
        return float((importance * np.logaddexp(0, -margin)).sum() + penalty), gradient

    bounds = [(0.0, LARGEST_WEIGHT)] * terms.shape[1] + [(-8.0, 0.0)]
    best = minimize(loss, np.append(*start), jac=True, method="L-BFGS-B", bounds=bounds)
    return best.x[:-1], float(best.x[-1])


def _calibrated(rows: list[Prefix], weights: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights times a factor, and the intercept, that make the last risk mean what it says."""
    benign = HARD_NEGATIVE if any(row.group == HARD_NEGATIVE for row in rows) else None
    counted = [row for row in rows if row.label or benign in (None, row.group)]
    last = np.array([(row.last @ weights).max() for row in counted])
    labels = np.array([row.label for row in counted])
    importance = np.where(labels, 0.5 / labels.sum(), 0.5 / (1 - labels).sum())
    line, intercept = _logistic(last[:, None], labels, importance, (np.ones(1), -3.0))
    return weights * line[0], intercept


def _importance(rows: list[Prefix]) -> np.ndarray:
    """Grooming, hard negatives and real chats weigh the same, as far as there are some; so does every real source."""
    groups = [row.group for row in rows]
    sources = set(groups) - {GROOMING, HARD_NEGATIVE}
    share = {group: 1.0 for group in (GROOMING, HARD_NEGATIVE)} | {source: 1.0 / len(sources) for source in sources}
    return np.array([share[group] / groups.count(group) for group in groups]) / 3


def _thresholds(peaks: np.ndarray, rows: list[Prefix]) -> tuple[float, float]:
    """The lowest thresholds of WATCH and ALERT that keep the agreed rates of false alarms."""
    hard = peaks[[row.group == HARD_NEGATIVE for row in rows]]
    real = peaks[[row.group not in (GROOMING, HARD_NEGATIVE) for row in rows]]

    def lowest(rates: tuple[float, float], least: float) -> float:
        return max([_just_above(first_out(some, rate)) for some, rate in zip((real, hard), rates) if len(some)] + [least])

    return lowest(WATCH_RATES, WATCH_LEAST), lowest(ALERT_RATES, ALERT_LEAST)


def first_out(scores: np.ndarray, rate: float) -> float:
    """The highest score that must not alarm where at most `rate` of the scores may: of fewer than 1 / rate none may."""
    return float(np.sort(scores)[::-1][int(rate * len(scores))])


def _just_above(risk: float) -> float:
    """The next risk that a manifest can hold."""
    return min((math.floor(risk * 1e6) + 1) / 1e6, 1 - 1e-6)


def _first_alert(row: Prefix, fitted: RiskFit) -> int | None:
    over = _sigmoid(row.terms @ fitted.weights + fitted.intercept) >= fitted.alert
    return int(np.argmax(over)) if over.any() else None


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))
