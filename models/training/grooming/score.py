"""Scores conversations with the exported model: what is calibrated and fitted is what will be served."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from conversation import Conversation
from encode import Encoded, Encoder
from examples import conversation_examples
from signals import OUTPUTS

# Tokens in one run of the model: more gain nothing.
RUN_TOKENS = 128


@dataclass(frozen=True)
class Scored:
    """A conversation with the logits, labels and known labels of its messages, float32 [messages, 13] each."""

    chat: Conversation
    logits: np.ndarray
    labels: np.ndarray
    known: np.ndarray


class Scorer:
    """An ONNX session; one run a core, each on one thread."""

    def __init__(self, model: Path, encoder: Encoder):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.encoder = encoder

    def score(self, chats: list[Conversation]) -> list[Scored]:
        """Every message of every conversation."""
        examples = [conversation_examples(chat, self.encoder, real=not chat.is_synthetic) for chat in chats]
        flat = [example for of_chat in examples for example in of_chat]
        logits = self._logits([example.encoded for example in flat])
        scored, start = [], 0
        for chat, of_chat in zip(chats, examples):
            end = start + len(of_chat)
            labels = np.stack([example.labels for example in of_chat])
            known = np.stack([example.known for example in of_chat])
            scored.append(Scored(chat, logits[start:end], labels, known))
            start = end
        return scored

    def messages(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Logits [N, 13] and meanings [N, W] of single messages."""
        encoded = [self.encoder.conversation([("A", text)])[0] for text in texts]
        outputs = [self.session.run(["logits", "meanings"], end_to_end(run)) for run in runs(encoded)]
        logits, meanings = zip(*outputs)
        return np.concatenate(logits), np.concatenate(meanings)

    def _logits(self, encoded: list[Encoded]) -> np.ndarray:
        with ThreadPoolExecutor(os.cpu_count()) as cores:
            outputs = list(cores.map(lambda run: self.session.run(["logits"], end_to_end(run))[0], runs(encoded)))
        return np.concatenate(outputs)


def runs(encoded: list[Encoded]) -> Iterator[list[Encoded]]:
    """Messages in order, as many together as RUN_TOKENS hold."""
    run, tokens = [], 0
    for one in encoded:
        if run and tokens + len(one.ids) > RUN_TOKENS:
            yield run
            run, tokens = [], 0
        run.append(one)
        tokens += len(one.ids)
    if run:
        yield run


def end_to_end(run: list[Encoded]) -> dict[str, np.ndarray]:
    """The inputs that export.py describes, int64."""
    turns = [(number, turn) for number, one in enumerate(run) for turn in one.turns]
    pieces = [(index, piece) for index, (_, turn) in enumerate(turns) for piece in turn.pieces]
    inputs = {
        "input_ids": [token for one in run for token in one.ids],
        "position_ids": [place for one in run for place in range(len(one.ids))],
        "message_ids": [number for number, one in enumerate(run) for _ in one.ids],
        "turn_kinds": [turn.kind for _, turn in turns],
        "turn_messages": [number for number, _ in turns],
        "piece_ids": [piece for _, piece in pieces],
        "piece_turns": [index for index, _ in pieces],
    }
    return {name: np.array(values, dtype=np.int64) for name, values in inputs.items()}
