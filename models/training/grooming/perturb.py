"""Odd ways of writing, laid over a fifth of the conversations of either label: odd spelling must be no guilt and no cover.

The report of `ward-eval grooming` measures the like with code of its own (`eval/src/grooming/perturb/`).
"""

from __future__ import annotations

import random
import re

from conversation import Message

_LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}
_HOMOGLYPHS = str.maketrans("aceiopxy", "асеіорху")
_EMOJI = "🙂😀👍🎮⭐🎉😎🐶🍕⚽"
# How often the odd way is messages sent in halves: half a message must not look riskier than the whole.
SPLIT_RATE = 0.35
_PLACEHOLDER = re.compile(r"\[[A-Z]+\]|@[A-Z]+")


def perturb(messages: list[Message], rng: random.Random) -> list[Message]:
    """The conversation written in one odd way, drawn by chance."""
    if rng.random() < SPLIT_RATE:
        return [part for message in messages for part in _split(message, rng)]
    # Slips of the finger twice: of them the normaliser undoes least.
    way = rng.choice((_leet, _homoglyphs, _spaced, _stretched, _mistyped, _mistyped, _emoji, _lower, _upper))
    return [Message(m.speaker, _by_word(m.text, way, rng), m.signals, m.risk) for m in messages]


def _by_word(text: str, way, rng: random.Random) -> str:
    words = text.split(" ")
    return " ".join(word if _PLACEHOLDER.search(word) else way(word, rng) for word in words)


def _leet(word: str, rng: random.Random) -> str:
    return "".join(_LEET.get(letter, letter) if rng.random() < 0.5 else letter for letter in word)


def _homoglyphs(word: str, rng: random.Random) -> str:
    return "".join(letter.translate(_HOMOGLYPHS) if rng.random() < 0.35 else letter for letter in word)


def _spaced(word: str, rng: random.Random) -> str:
    return " ".join(word) if len(word) > 1 and rng.random() < 0.35 else word


def _stretched(word: str, rng: random.Random) -> str:
    if len(word) < 2 or rng.random() > 0.35:
        return word
    place = rng.randrange(len(word))
    return word[:place] + word[place] * rng.randint(2, 6) + word[place:]


def _mistyped(word: str, rng: random.Random) -> str:
    if len(word) < 4 or rng.random() > 0.35:
        return word
    place = rng.randrange(len(word) - 1)
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return rng.choice((swapped, word[:place] + word[place + 1 :], word[:place] + word[place] + word[place:]))


def _emoji(word: str, rng: random.Random) -> str:
    return f"{word} {rng.choice(_EMOJI)}" if rng.random() < 0.2 else word


def _lower(word: str, rng: random.Random) -> str:
    return re.sub(r"[^\w\s]", "", word.lower())


def _upper(word: str, rng: random.Random) -> str:
    return word.upper()


def _split(message: Message, rng: random.Random) -> list[Message]:
    """Two messages for one; which half shows what is not known."""
    words = message.text.split(" ")
    if len(words) < 4:
        return [message]
    cut = rng.randint(2, len(words) - 2)
    halves = " ".join(words[:cut]), " ".join(words[cut:])
    signals = None if message.signals else message.signals
    return [Message(message.speaker, text, signals, message.risk, half=bool(message.signals)) for text in halves]
