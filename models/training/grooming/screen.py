"""Fits the first stage of the cascade to what the model finds, and the features that `models/src/grooming/screen.rs` has.

A linear score over hashed words, pairs and pieces of words, so that a message costs microseconds. It learns how sure the model is of finding
anything in messages that it has scored (training families and training chats): how sure tells it more than whether. The threshold is set on
validation: it may lose LOST of those on which the model fires.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from conversation import Conversation
from encode import Encoder

BUCKETS, CONTEXT_TURNS, PIECE = 1 << 18, 2, 4
WORD, PAIR, PIECE_OF_WORD, OWN_CONTEXT, OTHERS_CONTEXT = range(5)
# Of the validation messages on which the model fires, this share may be lost; see EXPERIMENTS.md for what other shares cost.
LOST = 0.007
EPOCHS, BATCH, RATE, SMALLNESS = 12, 512, 0.01, 2e-6
# Share of the features that are left out of a lesson, so that no single one decides.
DROPPED = 0.5
SEED = 3

_WORD = re.compile(r"(?:[^\W_]|')+|\S")


@dataclass(frozen=True)
class Screen:
    """int8 weights, one a bucket, and what makes a score of their sum."""

    weights: np.ndarray
    bias: float
    scale: float
    threshold: float

    def scores(self, messages: list[list[int]]) -> np.ndarray:
        sums = np.array([self.weights[buckets].astype(np.int64).sum() for buckets in messages])
        return self.bias + self.scale * sums

    def save(self, path: Path) -> None:
        path.write_bytes(self.weights.tobytes())


def from_bundle(bundle: Path, manifest: dict) -> Screen:
    """The screen that a bundle holds."""
    weights, settings = np.fromfile(bundle / "screen.bin", dtype=np.int8), manifest["screen"]
    return Screen(weights, *(settings[key] for key in ("bias", "scale", "threshold")))


def features(text: str, context: list[tuple[bool, str]]) -> list[int]:
    """Buckets of a normalised text and of the turns before it, (by the same author?, normalised text), oldest first."""
    words = _words(text)
    buckets = [_bucket(WORD, word) for word in words]
    buckets += [_bucket(PAIR, f"{left} {right}") for left, right in zip(["", *words], [*words, ""])]
    buckets += [bucket for word in words for bucket in _pieces(word)]
    for same_author, turn in context[-CONTEXT_TURNS:]:
        role = OWN_CONTEXT if same_author else OTHERS_CONTEXT
        buckets += [_bucket(role, word) for word in _words(turn)]
    return buckets


def conversation(chat: Conversation, encoder: Encoder) -> list[list[int]]:
    """The features of every message."""
    texts = [(message.speaker, encoder.normalise(message.text)) for message in chat.messages]
    return [
        features(text, [(other == speaker, said) for other, said in texts[max(0, place - CONTEXT_TURNS) : place]])
        for place, (speaker, text) in enumerate(texts)
    ]


def fit(messages: list[list[int]], chances: np.ndarray, held_out: list[list[int]], fires: np.ndarray) -> Screen:
    """Fits on `messages`, [N] lists of buckets, to the model's `chances` of finding anything, and sets the threshold on `held_out`, in
    some of which the model `fires`."""
    weights, bias = _logistic(messages, chances)
    scale = float(np.abs(weights).max()) / 127
    screen = Screen(np.rint(weights / scale).astype(np.int8), bias, scale, 0.0)
    threshold = float(np.quantile(screen.scores(held_out)[fires], LOST))
    return Screen(screen.weights, bias, scale, threshold)


def _logistic(messages: list[list[int]], chances: np.ndarray) -> tuple[np.ndarray, float]:
    torch.manual_seed(SEED)
    table = torch.nn.EmbeddingBag(BUCKETS, 1, mode="sum", sparse=False)
    torch.nn.init.zeros_(table.weight)
    bias = torch.nn.Parameter(torch.tensor(-2.0))
    optimiser = torch.optim.Adam([table.weight, bias], lr=RATE)
    labels = torch.from_numpy(chances.astype(np.float32))
    rng = np.random.default_rng(SEED)
    for epoch in range(EPOCHS):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - epoch / EPOCHS)
        order = rng.permutation(len(messages))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            kept = [_some(messages[row], rng) for row in rows]
            offsets = np.cumsum([0] + [len(buckets) for buckets in kept[:-1]])
            logits = table(torch.tensor(np.concatenate(kept)), torch.from_numpy(offsets))[:, 0] + bias
            loss = functional.binary_cross_entropy_with_logits(logits, labels[rows])
            optimiser.zero_grad()
            (loss + SMALLNESS * table.weight.square().sum()).backward()
            optimiser.step()
    return table.weight.detach()[:, 0].numpy(), float(bias.detach())


def _some(buckets: list[int], rng: np.random.Generator) -> np.ndarray:
    """Without some of the features."""
    kept = np.array(buckets, dtype=np.int64)
    return kept[rng.random(len(kept)) >= DROPPED]


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@cache
def _pieces(word: str) -> list[int]:
    marked = f"<{word}>"
    return [_bucket(PIECE_OF_WORD, marked[start : start + PIECE]) for start in range(len(marked) - PIECE + 1)]


@cache
def _bucket(role: int, word: str) -> int:
    """FNV-1a, 32 bits."""
    value = ((0x811C9DC5 ^ role) * 0x01000193) & 0xFFFFFFFF
    for byte in word.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value & (BUCKETS - 1)
