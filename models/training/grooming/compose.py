"""Composes conversations from families: the grooming grammar, the hard negatives, and their mixing with real chats.

Both labels walk through the same last steps: the same small talk between the turns, the same registers and slips, the
same placeholders, the same hosts. What is left to tell them apart is what is said, by whom, and in which order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import families
from benign import BenignPool
from conversation import Conversation, Message
from families import Family, Line, Slots, expand, in_version
from perturb import perturb
from signals import SIGNAL_INDEX, STAGE_OF_SIGNAL, STAGES
from style import draw_style, write

HOST_RATE = 0.35
CHANNEL_RATE = 0.2
# Most messages of a conversation, drawn for each; only those woven into long real chats come near the largest.
LONGEST = (60, 60, 60, 120, 200)
# How often a conversation is written in some odd way, and how often a scene has a twin of the other label.
ODD_RATE, PAIR_RATE = 0.2, 0.2
# How often the pattern is a whole script instead of single lines: coherence must not look like innocence. And how often innocent
# conversations are single lines instead of scenes, or have some in between: incoherence must not look like guilt.
SCRIPT_RATE, LOOSE_RATE, EVERYDAY_RATE = 0.35, 0.25, 0.5
# Steps before the first approach, and how often it comes sooner.
STEPS_BEFORE, HASTY_RATE = 3, 0.1
# How often two turns in a row by one author become one message, and how often a line without a signal is left out.
JOIN_RATE, SKIP_RATE = 0.4, 0.12


@dataclass(frozen=True)
class Cast:
    """The two parts of a scene; who opens is left to chance, so that neither letter means anything."""

    first: str
    second: str


class Composer:
    """Draws labelled conversations of one split. `hosts`: benign chats to weave some of them into, or None."""

    def __init__(self, split: str, hosts: BenignPool | None, rng: random.Random):
        self.split = split
        self.hosts = hosts
        self.rng = rng
        self.grooming = families.grooming(split)
        self.replies = families.replies(split)
        self.scenes = families.hard_negatives(split)
        self.scripts = families.scripts(split)
        self.everyday = families.everyday(split)
        self.pairs = families.pairs(split)
        self.smalltalk = families.smalltalk(split)

    def positive(self, number: int) -> Conversation:
        """A conversation in which one author follows the grammar of the stages."""
        slots, cast = Slots(self.rng), self._cast()
        turns = self._chat(slots, cast, self.rng.choice((0, 0, 1, 2)))
        if self.rng.random() < PAIR_RATE:
            turns += self._twin(self.rng.choice(self.pairs), 1, slots, cast)
        if self.rng.random() < SCRIPT_RATE:
            turns += self._script(self.rng.choice(self.scripts), slots, cast)
            plot = self.rng.sample(list(SIGNAL_INDEX), self.rng.choice((0, 0, 0, 1, 2)))
        else:
            plot = self._plot()
        for signal in plot:
            turns += self._step(signal, slots, cast)
            turns += self._chat(slots, cast, self.rng.choice((0, 0, 0, 0, 1, 1)))
        return self._finish(turns, f"grooming/{self.split}/{number}", 1, "grooming")

    def negative(self, number: int) -> Conversation:
        """One to four innocent scenes between the same two people, with small talk and single lines around them."""
        slots, cast = Slots(self.rng), self._cast()
        if self.rng.random() < LOOSE_RATE:
            turns = self._loose(slots, cast)
            return self._finish(turns, f"hard_negative/{self.split}/{number}", 0, "everyday")
        scene = self.rng.choice(self.scenes)
        turns = self._chat(slots, cast, self.rng.choice((0, 0, 1, 3)))
        if self.rng.random() < PAIR_RATE:
            scene = self.rng.choice(self.pairs)
            turns += self._twin(scene, 0, slots, cast)
        for current in self._related(scene):
            turns += self._script(current, slots, cast)
            if self.rng.random() < EVERYDAY_RATE:
                turns += self._everyday(self.rng.randint(1, 3), slots, cast)
            turns += self._chat(slots, cast, self.rng.choice((0, 1, 1, 3)))
        return self._finish(turns, f"hard_negative/{self.split}/{number}", 0, scene.kind)

    def _plot(self) -> list[str]:
        """The signals in order: stages mostly rise, with setbacks; three steps at least, two stages at least.

        Whoever grooms takes his time: in all but a few, three steps come before the first approach.
        """
        steps = self.rng.choice((3, 4, 5, 6, 6, 7, 8, 10, 12, 14))
        patient = self.rng.random() >= HASTY_RATE
        while True:
            stages = sorted(self.rng.choices(range(len(STAGES)), k=steps))
            approach = stages.index(len(STAGES) - 1) if stages[-1] == len(STAGES) - 1 else steps
            if len(set(stages)) >= min(3, steps - 1) and (approach >= STEPS_BEFORE or not patient):
                break
        for _ in range(steps // 4):
            left = self.rng.randrange(steps - 1)
            stages[left], stages[left + 1] = stages[left + 1], stages[left]
        by_stage = {stage: [s for s, of in STAGE_OF_SIGNAL.items() if of == stage] for stage in STAGES}
        plot: list[str] = []
        for stage in stages:
            choices = [s for s in by_stage[STAGES[stage]] if s not in plot[-2:]]
            plot.append(self.rng.choice(choices or by_stage[STAGES[stage]]))
        return plot

    def _step(self, signal: str, slots: Slots, cast: Cast) -> list[Message]:
        """The groomer says a line or two of the signal; the other person mostly answers."""
        family = self.rng.choice(self.grooming[signal])
        count = 2 if self.rng.random() < 0.2 else 1
        turns = [self._groom(line, family, slots, cast) for line in self.rng.sample(family.lines, count)]
        if self.rng.random() < 0.7:
            reply = self.rng.choice(self.replies[signal])
            turns.append(Message(cast.second, expand(reply.template, slots), reply.signals))
        return turns

    def _groom(self, line: Line, family: Family, slots: Slots, cast: Cast) -> Message:
        return Message(cast.first, expand(line.template, slots), line.signals | {family.kind}, risk=True)

    def _loose(self, slots: Slots, cast: Cast) -> list[Message]:
        """An innocent conversation that jumps from one thing to the next, as the lines of the pattern do."""
        turns = self._chat(slots, cast, 1)
        for _ in range(self.rng.choice((1, 2, 2, 3, 4))):
            turns += self._everyday(self.rng.randint(1, 3), slots, cast)
            turns += self._chat(slots, cast, self.rng.choice((0, 1, 1, 2)))
        return turns

    def _everyday(self, count: int, slots: Slots, cast: Cast) -> list[Message]:
        lines = [self.rng.choice(family.lines) for family in self.rng.sample(self.everyday, count)]
        return [
            Message(self.rng.choice((cast.first, cast.second)), expand(line.template, slots), line.signals)
            for line in lines
        ]

    def _chat(self, slots: Slots, cast: Cast, exchanges: int) -> list[Message]:
        turns = []
        for family in self.rng.sample(self.smalltalk, min(exchanges, len(self.smalltalk))):
            turns += self._script(family, slots, cast if self.rng.random() < 0.5 else Cast(cast.second, cast.first))
        return turns

    def _twin(self, scene: Family, label: int, slots: Slots, cast: Cast) -> list[Message]:
        """A scene of two versions in that of the label; in the one of grooming, what A says belongs to the pattern."""
        turns = []
        for line in scene.lines:
            risk = bool(label) and line.speaker == "A" and (bool(line.signals) or "[[" in line.template)
            speaker = cast.first if line.speaker == "A" else cast.second
            turns.append(Message(speaker, expand(in_version(line.template, label), slots), line.signals, risk))
        return turns

    def _script(self, family: Family, slots: Slots, cast: Cast) -> list[Message]:
        speakers = {"A": cast.first, "B": cast.second}
        spoken = [line for line in family.lines if self._is_spoken(line)]
        return [
            Message(speakers[line.speaker], expand(line.template, slots), line.signals, line.risk) for line in spoken
        ]

    def _is_spoken(self, line: Line) -> bool:
        skipped = 0.4 if line.optional else 0.0 if line.signals else SKIP_RATE
        return self.rng.random() >= skipped

    def _related(self, scene: Family) -> list[Family]:
        """The scene and up to three more, mostly of the same persona: an innocent author repeats himself, too."""
        alike = [other for other in self.scenes if other.kind == scene.kind and other is not scene]
        more = self.rng.choice((0, 0, 1, 1, 2, 3))
        pool = alike if len(alike) >= more and self.rng.random() < 0.7 else [s for s in self.scenes if s is not scene]
        first = [] if scene in self.pairs else [scene]
        return [*first, *self.rng.sample(pool, more)]

    def _cast(self) -> Cast:
        return Cast("A", "B") if self.rng.random() < 0.5 else Cast("B", "A")

    def _finish(self, turns: list[Message], name: str, label: int, slice_name: str) -> Conversation:
        longest = self.rng.choice(LONGEST)
        turns = self._joined(turns)[:longest]
        if not label and self.rng.random() < 0.1:
            turns = turns[:3]
        styles: dict[str, object] = {}
        channel = self.rng.random() < CHANNEL_RATE
        for turn in turns:
            style = styles.setdefault(turn.speaker, draw_style(self.rng, channel))
            turn.text = write(turn.text, style, self.rng)
        if self.hosts and self.rng.random() < HOST_RATE:
            turns = self._woven(turns, self.hosts.draw(self.rng), longest)
        if self.rng.random() < ODD_RATE:
            turns = perturb(turns, self.rng)[: LONGEST[-1]]
        return Conversation(name, "synthetic", label, slice_name, turns)

    def _joined(self, turns: list[Message]) -> list[Message]:
        """Some turns in a row by one author become one message that shows the signals of both."""
        joined: list[Message] = []
        for turn in turns:
            last = joined[-1] if joined else None
            if last and last.speaker == turn.speaker and self.rng.random() < JOIN_RATE:
                known = last.signals is not None and turn.signals is not None
                signals = last.signals | turn.signals if known else None
                text = f"{last.text}{self.rng.choice((' ', ', ', '. ', '! ', ' and '))}{turn.text}"
                joined[-1] = Message(turn.speaker, text, signals, last.risk or turn.risk)
            else:
                joined.append(turn)
        return joined

    def _woven(self, turns: list[Message], host: Conversation, longest: int) -> list[Message]:
        """Both labels also happen in the middle of a real benign chat, by its own speakers or beside them."""
        length = min(len(host.messages), self.rng.randint(3, max(4, longest - len(turns))))
        start = self.rng.randrange(len(host.messages) - length + 1)
        window = [Message(m.speaker, m.text, None) for m in host.messages[start : start + length]]
        names = sorted({message.speaker for message in window})
        self.rng.shuffle(names)
        if len(names) < 2 or self.rng.random() < 0.5:
            names = ["Y", "Z"]
        renamed = [Message({"A": names[0], "B": names[1]}[t.speaker], t.text, t.signals, t.risk) for t in turns]
        return _merge(renamed, window, self.rng)


def _merge(left: list[Message], right: list[Message], rng: random.Random) -> list[Message]:
    """Riffles two lists in blocks of a few turns and keeps each one's order."""
    merged: list[Message] = []
    left, right = list(left), list(right)
    while left or right:
        source = left if left and (not right or rng.random() < len(left) / (len(left) + len(right))) else right
        for _ in range(rng.randint(1, 4)):
            if source:
                merged.append(source.pop(0))
    return merged
