"""Fine-tunes the message model.

    python train.py --data DIR --out DIR [--epochs N]

`--data` holds the benign chats, `--out` receives checkpoint.pt (after every epoch; a later call resumes) and
training.log. One thread and bfloat16 autocast: about 30 minutes on one core that knows AVX512-BF16.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from pathlib import Path

import torch
from torch.nn import functional

import benign
from encode import open_encoder
from examples import Batch, batches, epoch_examples
from net import MessageNet, load_pretrained

SEED = 7
BATCH = 64
PEAK_RATE, HEAD_RATE, WARM_UP, WEIGHT_DECAY = 6e-5, 1e-3, 150, 0.01
# The lower layers and the embeddings know English already: holding them still halves the work and keeps rare words.
FROZEN_LAYERS = 3
# Share of the pieces hidden from the model in training, so that no single word decides.
HIDDEN, MASK_ID, FIRST_PIECE_ID = 0.1, 103, 999
# The risk is one output of thirteen but the one that people act on.
RISK_WEIGHT = 2.0
STEPS_PER_EPOCH = 720


class Training:
    """Model, optimiser and schedule, resumable by epoch."""

    def __init__(self, out: Path, epochs: int):
        self.out, self.epochs, self.done, self.step = out, epochs, 0, 0
        self.net = load_pretrained()
        freeze(self.net)
        body = [p for name, p in self.net.named_parameters() if p.requires_grad and not name.startswith("head")]
        groups = [{"params": body, "peak": PEAK_RATE}, {"params": list(self.net.head.parameters()), "peak": HEAD_RATE}]
        self.optimiser = torch.optim.AdamW(groups, lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
        if (out / "checkpoint.pt").exists():
            self._resume()

    def update(self, batch: Batch) -> float:
        """One optimiser step; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * self._rate()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.net(hide_pieces(batch.ids), batch.types, batch.mask)
        loss = masked_loss(logits.float(), batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return loss.item()

    def save(self) -> None:
        self.done += 1
        state = {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict()}
        torch.save(state | {"done": self.done, "step": self.step}, self.out / "checkpoint.tmp")
        (self.out / "checkpoint.tmp").replace(self.out / "checkpoint.pt")

    def log(self, line: str) -> None:
        print(line, flush=True)
        with (self.out / "training.log").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _rate(self) -> float:
        progress = min(1.0, self.step / (self.epochs * STEPS_PER_EPOCH))
        return min(1.0, (self.step + 1) / WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))

    def _resume(self) -> None:
        state = torch.load(self.out / "checkpoint.pt", weights_only=True)
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.done, self.step = state["done"], state["step"]
        self.log(f"resumed after epoch {self.done}")


def freeze(net: MessageNet) -> None:
    held = ("words.", "places.", "types.", "norm.", *(f"layers.{number}." for number in range(FROZEN_LAYERS)))
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(not name.startswith(held))


def hide_pieces(ids: torch.Tensor) -> torch.Tensor:
    """Replaces some word pieces by [MASK]; special tokens stay."""
    hidden = (torch.rand(ids.shape) < HIDDEN) & (ids >= FIRST_PIECE_ID)
    return ids.masked_fill(hidden, MASK_ID)


def masked_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Binary cross-entropy over the known outputs, summed over outputs, mean over messages."""
    weights = batch.known.clone()
    weights[:, -1] *= RISK_WEIGHT
    losses = functional.binary_cross_entropy_with_logits(logits, batch.labels, weight=weights, reduction="none")
    return losses.sum(1).mean()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fine-tunes the message model.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the benign chats (*.jsonl.gz)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    pool, encoder = benign.BenignPool(benign.read(arguments.data, "train")), open_encoder()
    training = Training(arguments.out, arguments.epochs)
    training.net.train()
    for epoch in range(training.done, arguments.epochs):
        began = time.monotonic()
        examples = epoch_examples("train", pool, encoder, SEED * 1000 + epoch)
        rng, total = random.Random(SEED * 1000 + epoch), 0.0
        for number, batch in enumerate(batches(examples, BATCH, rng)):
            total += training.update(batch)
            if number % 100 == 99:
                training.log(f"epoch {epoch + 1} step {number + 1} mean loss {total / (number + 1):.4f}")
        training.save()
        minutes = (time.monotonic() - began) / 60
        training.log(f"epoch {epoch + 1}: {len(examples)} messages, loss {total / (number + 1):.4f}, {minutes:.1f} min")


if __name__ == "__main__":
    main()
