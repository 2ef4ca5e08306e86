"""The second generator: whole conversations by another hand, for measuring only.

It shares nothing with the first but the signals' definitions and the slots. The drop from one to the other says how much of a
figure is knowledge of the first one's wordings.
"""

from __future__ import annotations

import random

import families
from conversation import Conversation, Message
from families import Family, Slots, expand

OPTIONAL_RATE = 0.6


class SecondComposer:
    """Draws every script in turn, with its alternatives, slots and optional lines by chance."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.scripts = {label: families.second(name) for label, name in ((1, "grooming"), (0, "hard_negatives"))}

    def positive(self, number: int) -> Conversation:
        return self._draw(1, number)

    def negative(self, number: int) -> Conversation:
        return self._draw(0, number)

    def _draw(self, label: int, number: int) -> Conversation:
        scripts, slots = self.scripts[label], Slots(self.rng)
        script = scripts[number % len(scripts)]
        spoken = [line for line in script.lines if not line.optional or self.rng.random() < OPTIONAL_RATE]
        letters = "AB" if self.rng.random() < 0.5 else "BA"
        messages = [
            Message(letters["AB".index(line.speaker)], expand(line.template, slots), line.signals, line.risk)
            for line in spoken
        ]
        name = f"second/{script.kind}/{script.name}"
        return Conversation(f"{name}/{number}", "synthetic_second", label, script.kind, messages, original_id=name)
