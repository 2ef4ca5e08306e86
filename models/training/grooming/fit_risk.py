"""Fits the conversation's risk: non-negative weights, an intercept, and the thresholds of WATCH and ALERT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from calibrate import Calibration
from risk import TERMS, ConversationEvidence, Fading
from score import Scored

# Pulls the signals' weights together: no data says that one of them means more than another.
EVENNESS, SMALLNESS = 0.02, 0.002
PASSES = 4
LARGEST_WEIGHT = 8.0
# Shares of (real benign chats, hard negatives) that may reach a state, and the least risk of that state.
WATCH_RATES, ALERT_RATES = (0.02, 0.15), (0.005, 0.03)
WATCH_LEAST, ALERT_LEAST = 0.2, 0.5
# A state is left when the odds have fallen to half of those at which it is entered.
HYSTERESIS = 0.5


@dataclass(frozen=True)
class Prefix:
    """The terms of the speaking author after each message, [messages, 15], and what the conversation is."""

    terms: np.ndarray
    group: str
    label: int


@dataclass(frozen=True)
class RiskFit:
    """What goes into the manifest's [risk]."""

    fading: Fading
    intercept: float
    weights: np.ndarray
    watch: float
    alert: float

    def peaks(self, prefixes: list[Prefix]) -> np.ndarray:
        """The highest risk that each conversation ever reaches."""
        return np.array([_sigmoid((one.terms @ self.weights).max() + self.intercept) for one in prefixes])


def prefixes(scored: list[Scored], calibration: Calibration, fading: Fading) -> list[Prefix]:
    """Runs every conversation through the evidence, message by message."""
    rows = []
    for one in scored:
        chances = calibration.probabilities(one.logits)
        evidence = ConversationEvidence(fading)
        terms = [
            evidence.observe(message.speaker, float(chance[-1]), chance[:-1].tolist())
            for message, chance in zip(one.chat.messages, chances)
        ]
        rows.append(Prefix(np.array(terms), group_of(one), one.chat.label))
    return rows


def group_of(scored: Scored) -> str:
    """"grooming", "hard negative", or the real chat's source."""
    if scored.chat.source != "synthetic":
        return scored.chat.source
    return "grooming" if scored.chat.label else "hard negative"


def fit(rows: list[Prefix], held_out: list[Prefix], fading: Fading) -> RiskFit:
    """Fits the weights on each conversation's own worst moment in `rows`, and sets the thresholds on `held_out`."""
    weights, intercept = np.ones(len(TERMS)), -3.0
    labels = np.array([row.label for row in rows])
    importance = _importance(rows)
    for _ in range(PASSES):
        worst = np.stack([row.terms[np.argmax(row.terms @ weights)] for row in rows])
        weights, intercept = _logistic(worst, labels, importance, (weights, intercept))
    fitted = RiskFit(fading, intercept, weights, watch=1.0, alert=1.0)
    return RiskFit(fading, intercept, weights, *_thresholds(fitted.peaks(held_out), held_out))


def report(rows: list[Prefix], fitted: RiskFit) -> dict:
    """ROC-AUC against everything benign, recall and false alarms at ALERT by group, and when the alert came."""
    peaks = fitted.peaks(rows)
    labels, groups = np.array([row.label for row in rows]), np.array([row.group for row in rows])
    rates = {group: (peaks[groups == group] >= fitted.alert) for group in sorted(set(groups))}
    shares = {str(group): f"{hits.mean():.4f} ({hits.sum()}/{hits.size})" for group, hits in rates.items()}
    result = {"alert_rate": shares}
    if labels.any() and not labels.all():
        result["roc_auc"] = float(roc_auc_score(labels, peaks))
        hard = (groups == "grooming") | (groups == "hard negative")
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
        uneven = weights[:12] - weights[:12].mean()
        gradient = np.append(terms.T @ slope + 2 * SMALLNESS * weights, slope.sum())
        gradient[:12] += 2 * EVENNESS * uneven
        penalty = EVENNESS * (uneven**2).sum() + SMALLNESS * (weights**2).sum()
        return float((importance * np.logaddexp(0, -margin)).sum() + penalty), gradient

    bounds = [(0.0, LARGEST_WEIGHT)] * terms.shape[1] + [(-8.0, 0.0)]
    best = minimize(loss, np.append(*start), jac=True, method="L-BFGS-B", bounds=bounds)
    return best.x[:-1], float(best.x[-1])


def _importance(rows: list[Prefix]) -> np.ndarray:
    """Grooming, hard negatives and real chats weigh a third each; every real source weighs the same."""
    groups = [row.group for row in rows]
    sources = {group for group in groups} - {"grooming", "hard negative"}
    share = {"grooming": 1 / 3, "hard negative": 1 / 3} | {source: 1 / 3 / len(sources) for source in sources}
    return np.array([share[group] / groups.count(group) for group in groups])


def _thresholds(peaks: np.ndarray, rows: list[Prefix]) -> tuple[float, float]:
    """The lowest thresholds of WATCH and ALERT that keep the agreed rates of false alarms."""
    hard = peaks[[row.group == "hard negative" for row in rows]]
    real = peaks[[row.label == 0 and row.group != "hard negative" for row in rows]]

    def lowest(rates: tuple[float, float], least: float) -> float:
        return float(max(np.quantile(real, 1 - rates[0]), np.quantile(hard, 1 - rates[1]), least))

    return lowest(WATCH_RATES, WATCH_LEAST), lowest(ALERT_RATES, ALERT_LEAST)


def _first_alert(row: Prefix, fitted: RiskFit) -> int | None:
    over = _sigmoid(row.terms @ fitted.weights + fitted.intercept) >= fitted.alert
    return int(np.argmax(over)) if over.any() else None


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))
