"""The conversation's risk, exactly as `models/src/grooming/` computes it; a golden test keeps the two together.

See evidence.rs for the formula. Here it serves to fit the weights and to check them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from signals import SIGNALS, STAGE_OF_SIGNAL, STAGES

TERMS = ("pattern", "escalation", "diversity")
SECONDS_PER_DAY = 86_400.0

_STAGE = [STAGES.index(STAGE_OF_SIGNAL[signal]) for signal in SIGNALS]


@dataclass(frozen=True)
class Scale:
    """What is set and not fitted: the risks between which messages speak, and how all of it fades."""

    floor: float
    ceiling: float
    half_life_messages: float = 80.0
    half_life_days: float = 30.0

    def strength(self, risk: float) -> float:
        """0 to 1, linear in log-odds."""
        if risk <= self.floor:
            return 0.0
        return min(1.0, (_logit(risk) - _logit(self.floor)) / (_logit(self.ceiling) - _logit(self.floor)))


@dataclass
class AuthorEvidence:
    """What one author has shown so far; but for the pattern, all values 0 to 1."""

    signals: list[float] = field(default_factory=lambda: [0.0] * len(SIGNALS))
    pattern: float = 0.0
    escalation: float = 0.0

    def fade(self, factor: float) -> None:
        self.signals = [evidence * factor for evidence in self.signals]
        self.pattern *= factor
        self.escalation *= factor

    def add(self, risk: float, signals: list[float], scale: Scale) -> None:
        strength = scale.strength(risk)
        strengths = [strength * signal for signal in signals]
        stages = self._stages()
        earlier = [max(stages[:stage], default=0.0) for stage in range(len(STAGES))]
        escalation = max(strength * earlier[stage] for strength, stage in zip(strengths, _STAGE))
        self.signals = [e + (1 - e) * strength for e, strength in zip(self.signals, strengths)]
        self.pattern += strength
        self.escalation += (1 - self.escalation) * escalation

    def terms(self) -> list[float]:
        """One value for each of TERMS."""
        stages = self._stages()
        return [self.pattern, self.escalation, sum(stages) - max(stages)]

    def _stages(self) -> list[float]:
        """The strongest evidence of each stage."""
        strongest = [0.0] * len(STAGES)
        for evidence, stage in zip(self.signals, _STAGE):
            strongest[stage] = max(strongest[stage], evidence)
        return strongest


@dataclass
class ConversationEvidence:
    """All authors of one conversation, message by message."""

    scale: Scale
    authors: dict[str, AuthorEvidence] = field(default_factory=dict)
    last_sent_at: float | None = None

    def observe(self, author: str, risk: float, signals: list[float], sent_at: float | None = None) -> list[float]:
        """Takes in the next message and returns the terms of its author. `sent_at` in seconds."""
        factor = self._factor(sent_at)
        for evidence in self.authors.values():
            evidence.fade(factor)
        mine = self.authors.setdefault(author, AuthorEvidence())
        mine.add(risk, signals, self.scale)
        return mine.terms()

    def _factor(self, sent_at: float | None) -> float:
        days = 0.0
        if sent_at is not None and self.last_sent_at is not None:
            days = max(0.0, sent_at - self.last_sent_at) / SECONDS_PER_DAY
        known = [moment for moment in (self.last_sent_at, sent_at) if moment is not None]
        self.last_sent_at = max(known, default=None)
        return 0.5 ** (1 / self.scale.half_life_messages + days / self.scale.half_life_days)


def probability(terms: list[float], weights: list[float], intercept: float) -> float:
    """The risk of an author without a prior."""
    logit = intercept + sum(weight * term for weight, term in zip(weights, terms))
    return 1 / (1 + math.exp(-logit))


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability)) if 0 < probability < 1 else math.copysign(math.inf, probability - 0.5)
