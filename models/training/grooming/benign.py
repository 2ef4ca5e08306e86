"""The real benign chats: read from `--data DIR`, never copied into the product.

Every conversation is a negative, but not every message lacks every signal: a flatmate asks where you live, too. A
message whose words come near a signal is therefore no evidence about that signal, only about the risk.
"""

from __future__ import annotations

import gzip
import random
import re
from pathlib import Path

from conversation import Conversation, read_jsonl

# Deliberately broad: a hit only withholds the message from that signal's lesson.
_NEAR_SIGNAL = {
    "AGE_PROBE": r"how old|your age|what grade|date of birth|born in|birthday",
    "LOCATION_PROBE": r"where (do|are|is|r) (you|u|your)|your (address|city|location|street)|which (city|town|area)",
    "GUARDIAN_CHECK": r"(mom|dad|mother|father|parent|home|alone|wife|husband).*\?",
    "SECRECY": r"secret|between us|don'?t tell|do not tell|delete|privat",
    "ISOLATION": r"only (one|me)|alone|nobody|no one|just us",
    "PLATFORM_MOVE": r"\b(pm|msg|dm|query|skype|discord|zoom|whatsapp|phone|number|call|text|join|channel|email)\b",
    "GIFT_OFFER": r"gift|present|free|i('ll| will| can) (give|send|buy|get)|money|pay",
    "FLATTERY_INTIMACY": r"you('re| are) (so|very|really|such|the)|smart|awesome|best|love|great|nice|kind|miss",
    "PHOTO_REQUEST": r"photo|pic|picture|image|screenshot|camera|show me|paste",
    "MEET_REQUEST": r"meet|come (to|over|with)|visit|pick (you )?up|see you|join|together|let'?s go|book",
    "PRESSURE_THREAT": r"come on|trust me|owe|or else|promise|why not|last chance|i thought",
    "TRUST_BUILDING": r"trust|here for you|tell me|talk to me|believe|help|understand|sorry|same",
}
_NEAR_SIGNAL = {signal: re.compile(pattern, re.IGNORECASE) for signal, pattern in _NEAR_SIGNAL.items()}


def near_signals(text: str) -> frozenset[str]:
    """The signals that the words come near; their losses are masked on benign chats."""
    return frozenset(signal for signal, pattern in _NEAR_SIGNAL.items() if pattern.search(text))


def read(folder: Path, split: str) -> list[Conversation]:
    """Every conversation of the split, from all `*.jsonl.gz` of the folder, in a fixed order."""
    conversations = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            conversations += [chat for chat_split, chat in read_jsonl(lines, unlabelled=0) if chat_split == split]
    if not conversations:
        raise FileNotFoundError(f"{folder} holds no *.jsonl.gz with split {split}: give the folder of the benign chats")
    return conversations


class BenignPool:
    """Draws conversations with every source equally likely, though one corpus is 59 % of them."""

    def __init__(self, conversations: list[Conversation]):
        self.by_source: dict[str, list[Conversation]] = {}
        for conversation in conversations:
            self.by_source.setdefault(conversation.source, []).append(conversation)
        self.sources = sorted(self.by_source)

    def draw(self, rng: random.Random) -> Conversation:
        return rng.choice(self.by_source[rng.choice(self.sources)])
