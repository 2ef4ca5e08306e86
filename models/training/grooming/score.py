"""Scores conversations with the exported model: what is calibrated and fitted is what will be served."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from conversation import Conversation
from encode import Encoder
from examples import conversation_examples, pad
from signals import OUTPUTS

BATCH = 32


@dataclass(frozen=True)
class Scored:
    """A conversation with the logits, labels and known labels of its messages, float32 [messages, 13] each."""

    chat: Conversation
    logits: np.ndarray
    labels: np.ndarray
    known: np.ndarray


class Scorer:
    """An ONNX session on one thread."""

    def __init__(self, model: Path, encoder: Encoder):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.encoder = encoder

    def score(self, chats: list[Conversation]) -> list[Scored]:
        """Every message of every conversation, batched by length."""
        examples = [conversation_examples(chat, self.encoder, real=chat.source != "synthetic") for chat in chats]
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

    def _logits(self, encoded: list) -> np.ndarray:
        order = np.argsort([len(one.ids) for one in encoded], kind="stable")
        logits = np.zeros((len(encoded), len(OUTPUTS)), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            ids, types, mask = pad([encoded[row] for row in rows])
            inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
            logits[rows] = self.session.run(["logits"], inputs)[0]
        return logits
