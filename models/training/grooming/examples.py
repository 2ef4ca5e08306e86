"""Training examples of one epoch: freshly composed conversations and real benign chats, tokenised and labelled.

Every epoch has its own seed and therefore its own wordings, styles and mixtures; families stay within their split.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Iterator

import numpy as np
import torch

from benign import BenignPool, near_signals
from compose import ODD_RATE, Composer
from conversation import Conversation, Message
from encode import CONTEXT_TURNS, Encoded, Encoder
from perturb import perturb
from signals import OUTPUTS, SIGNAL_INDEX

# Shares of an epoch, as numbers of conversations and, for the real chats, of messages.
POSITIVES, NEGATIVES, BENIGN_MESSAGES = 1400, 2200, 10000
BENIGN_WINDOW = 24
# Turns that carry nothing are plentiful; a part of them is enough.
KEEP_PLAIN = {0: 0.35, 1: 0.2}


@dataclass(frozen=True)
class Example:
    """`labels` and `known` have one entry per output; the loss ignores outputs that are not known."""

    encoded: Encoded
    labels: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Batch:
    """The five inputs of `MessageNet`; labels and known float32 [N, 13]."""

    inputs: tuple[torch.Tensor, ...]
    labels: torch.Tensor
    known: torch.Tensor


def epoch_examples(split: str, pool: BenignPool, encoder: Encoder, seed: int) -> list[Example]:
    """All examples of an epoch, in no particular order."""
    rng = random.Random(seed)
    composer = Composer(split, pool, rng)
    examples: list[Example] = []
    for number in range(POSITIVES):
        examples += _synthetic(composer.positive(number), encoder, rng)
    for number in range(NEGATIVES):
        examples += _synthetic(composer.negative(number), encoder, rng)
    real = 0
    while real < BENIGN_MESSAGES:
        drawn = _benign(pool.draw(rng), encoder, rng)
        examples += drawn
        real += len(drawn)
    return examples


def batches(examples: list[Example], size: int, rng: random.Random) -> Iterator[Batch]:
    """Batches of like lengths in random order, so that little is padding."""
    order = sorted(range(len(examples)), key=lambda i: (len(examples[i].encoded.ids), rng.random()))
    cuts = [order[start : start + size] for start in range(0, len(order), size)]
    rng.shuffle(cuts)
    for cut in cuts:
        yield collate([examples[i] for i in cut])


def collate(examples: list[Example]) -> Batch:
    """Pads with id 0 to the longest."""
    ids, mask = _pad([example.encoded.ids for example in examples])
    turn_ids, turn_mask = (
        tensor.view(len(examples), CONTEXT_TURNS, -1)
        for tensor in _pad([pieces for example in examples for pieces in _turns(example.encoded)])
    )
    kinds = torch.zeros(len(examples), CONTEXT_TURNS, dtype=torch.int64)
    for row, example in enumerate(examples):
        for column, turn in enumerate(example.encoded.turns):
            kinds[row, column] = turn.kind
    labels = torch.from_numpy(np.stack([example.labels for example in examples]))
    known = torch.from_numpy(np.stack([example.known for example in examples]))
    return Batch((ids, mask, turn_ids, turn_mask, kinds), labels, known)


def _turns(encoded: Encoded) -> list[list[int]]:
    """The pieces of CONTEXT_TURNS turns, empty where there are fewer."""
    return [turn.pieces for turn in encoded.turns] + [[]] * (CONTEXT_TURNS - len(encoded.turns))


def _pad(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids int64 and mask float32, both [rows, longest]."""
    shape = (len(rows), max(1, max(len(row) for row in rows)))
    ids, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.float32)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


def labels_of(message: Message, near: frozenset[str]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and which of them are known, float32 [13] each; `near`: signals that the words come near by chance."""
    labels = np.zeros(len(OUTPUTS), dtype=np.float32)
    known = np.ones(len(OUTPUTS), dtype=np.float32)
    labels[-1] = message.risk
    if message.signals is None:
        known[:-1] = 0
        return labels, known
    for signal in message.signals:
        labels[SIGNAL_INDEX[signal]] = 1
    for signal in near:
        known[SIGNAL_INDEX[signal]] = 0
    return labels, known


def conversation_examples(chat: Conversation, encoder: Encoder, real: bool) -> list[Example]:
    """One example per message, in order."""
    encoded = encoder.conversation([(message.speaker, message.text) for message in chat.messages])
    # Of a spoiled message both what was written and what the normaliser reads may come near a signal.
    near = [
        near_signals(message.text) | near_signals(encoder.normalise(message.text)) if real else frozenset()
        for message in chat.messages
    ]
    return [Example(one, *labels_of(*told)) for one, *told in zip(encoded, chat.messages, near)]


def _synthetic(chat: Conversation, encoder: Encoder, rng: random.Random) -> list[Example]:
    """All messages that show something, the halves of such a message too whatever their label, and some of the rest."""
    kept = KEEP_PLAIN[chat.label]
    told = zip(chat.messages, conversation_examples(chat, encoder, real=False))
    return [one for message, one in told if one.labels.any() or message.half or rng.random() < kept]


def _benign(chat: Conversation, encoder: Encoder, rng: random.Random) -> list[Example]:
    """A window of the chat; turns whose words come near a signal are all kept, of the others every second."""
    start = rng.randrange(max(1, len(chat.messages) - BENIGN_WINDOW + 1))
    messages = chat.messages[start : start + BENIGN_WINDOW]
    if rng.random() < ODD_RATE:
        messages = perturb([Message(m.speaker, m.text, m.signals) for m in messages], rng)
    window = Conversation(chat.conversation_id, chat.source, 0, chat.slice, messages)
    examples = conversation_examples(window, encoder, real=True)
    return [example for example in examples if not example.known.all() or rng.random() < 0.5]
