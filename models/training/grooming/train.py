"""Trains the message model.

    python train.py --data DIR --out DIR [--epochs N]
    python train.py --data DIR --out DIR --start ../../bundles/grooming/model.onnx --epochs 3 --seed 8

`--data` holds the benign chats, `--out` receives checkpoint.pt (after every epoch; a later call resumes) and
training.log. About ten minutes an epoch on one core that computes in bfloat16, 13 to 21 on two that do not.

The first epochs teach half a sentence model to mean what the whole one means (cutting layers out has broken it); the next ones
teach the signals as well; the last one computes as int8 will, with ranges measured before it. With --start an exported model
learns further: it has the meaning already.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional

sys.path.append(str(Path(__file__).resolve().parents[1]))
import benign
import export
import families
from bundle import sha256
from encode import Encoder
from examples import Batch, Example, batches, epoch_examples
from half import half
from net import HELD, MessageNet, load_message_net, load_sentence_net

SEED = 7
BATCH = 64
# Learning rates: of the layers while they learn to mean, and then the signals; of the heads.
MEANING_RATE, PEAK_RATE, HEAD_RATE, WARM_UP, WEIGHT_DECAY = 4e-4, 1e-4, 1e-3, 200, 0.01
# Share of the pieces hidden from the model in training, where not told otherwise, so that no single word decides.
HIDDEN, MASK_ID, FIRST_PIECE_ID = 0.1, 103, 999
# The risk is one output of thirteen but the one that people act on.
RISK_WEIGHT = 2.0
# How much the embedding is drawn to that of the sentence model, and for which part of a batch (it costs a forward pass).
MEANING_WEIGHT, MEANING_SHARE = 2.0, 0.25
STEPS_PER_EPOCH = 790
# Epochs at the beginning that teach the meaning alone, epochs at the end that compute in int8, and the batches that its
# ranges are measured on.
MEANING_EPOCHS, INT8_EPOCHS, MEASURED_BATCHES = 2, 1, 60


class Training:
    """Model, optimiser and schedule, resumable by epoch."""

    def __init__(self, arguments: argparse.Namespace):
        out, start = arguments.out, arguments.start
        self.out, self.epochs, self.done, self.step = out, arguments.epochs, 0, 0
        # The number of epochs is no part of it: a run that resumes may be given fewer or more, and its rates follow.
        self.plan = {"seed": arguments.seed, "start": sha256(start) if start else "", "hidden": arguments.hidden}
        self.net, self.teacher = load_message_net(), load_sentence_net()
        self.meaning_epochs = 0 if start else MEANING_EPOCHS
        if start:
            export.read_into(self.net, start)
        for name, parameter in self.net.named_parameters():
            parameter.requires_grad_(not name.startswith(HELD))
        heads = [*self.net.head.parameters(), *self.net.meaning.parameters(), *self.net.turns.parameters()]
        groups = [{"params": self.net.layers.parameters()}, {"params": heads}]
        self.optimiser = torch.optim.AdamW(groups, lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
        if (out / "checkpoint.pt").exists():
            self._resume()
        elif start:
            self.log(f"goes on from a file of sha256 {self.plan['start']}")

    def update(self, batch: Batch) -> float:
        """One optimiser step; returns the loss."""
        layers, heads = self.optimiser.param_groups
        layers["lr"] = (MEANING_RATE if self.meaning_only else PEAK_RATE) * self._rate()
        heads["lr"] = HEAD_RATE * self._rate()
        ids, mask, *turns = batch.inputs
        with half():
            logits, meaning = self.net(ids if self.meaning_only else hide_pieces(ids, self.plan["hidden"]), mask, *turns)
        if self.meaning_only:
            loss = self._meaning_loss(meaning.float(), ids, mask, 1.0)
        else:
            meaning_loss = self._meaning_loss(meaning.float(), ids, mask, MEANING_SHARE)
            loss = masked_loss(logits.float(), batch) + MEANING_WEIGHT * meaning_loss
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return loss.item()

    @property
    def meaning_only(self) -> bool:
        return self.done < self.meaning_epochs

    def _meaning_loss(self, meaning: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor, share: float) -> torch.Tensor:
        """How far the embeddings of a share of the messages are from the sentence model's, as 1 - cosine."""
        some = slice(0, max(1, int(share * len(ids))))
        with torch.no_grad(), half():
            wanted = self.teacher(ids[some], mask[some]).float()
        return (1 - functional.cosine_similarity(meaning[some], wanted)).mean()

    def measure_ranges(self, examples: list[Example], rng: random.Random) -> None:
        """Fixes the range of every matrix product's input: the mean of what batches reach."""
        linears = self.net.linears()
        for linear in linears:
            linear.seen = []
        self.net.eval()
        with torch.no_grad():
            for _, batch in zip(range(MEASURED_BATCHES), batches(examples, BATCH, rng)):
                self.net(*batch.inputs)
        for linear in linears:
            linear.reach.fill_(sum(linear.seen) / len(linear.seen))
            linear.seen = None
        self.net.train()

    def save(self) -> None:
        self.done += 1
        state = {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(), "plan": self.plan}
        torch.save(state | {"done": self.done, "step": self.step}, self.out / "checkpoint.tmp")
        (self.out / "checkpoint.tmp").replace(self.out / "checkpoint.pt")

    def log(self, line: str) -> None:
        print(line, flush=True)
        with (self.out / "training.log").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _rate(self) -> float:
        """Warm-up and cosine of the phase, 0 to 1."""
        before = self.meaning_epochs
        first, epochs = (0, before) if self.meaning_only else (before, self.epochs - before)
        step = self.step - first * STEPS_PER_EPOCH
        progress = min(1.0, max(0, step) / (epochs * STEPS_PER_EPOCH))
        return min(1.0, max(1, step + 1) / WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))

    def _resume(self) -> None:
        state = torch.load(self.out / "checkpoint.pt", weights_only=True)
        if state["plan"] != self.plan:
            raise SystemExit(f"{self.out} holds another run, {state['plan']}: give another --out, or the options of that run.")
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.done, self.step = state["done"], state["step"]
        self.log(f"resumed after epoch {self.done} of {self.epochs}")


def hide_pieces(ids: torch.Tensor, share: float) -> torch.Tensor:
    """Replaces a share of the word pieces by [MASK]; special tokens stay."""
    hidden = (torch.rand(ids.shape) < share) & (ids >= FIRST_PIECE_ID)
    return ids.masked_fill(hidden, MASK_ID)


def masked_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Binary cross-entropy over the known outputs, summed over outputs, mean over messages."""
    weights = batch.known.clone()
    weights[:, -1] *= RISK_WEIGHT
    losses = functional.binary_cross_entropy_with_logits(logits, batch.labels, weight=weights, reduction="none")
    return losses.sum(1).mean()


def trained_net(outs: list[Path]) -> MessageNet:
    """The net of the checkpoint, for export; of several runs from the same start the mean of their weights, which knows what each
    of them has learnt (Wortsman et al., Model soups, 2022)."""
    states = [torch.load(out / "checkpoint.pt", weights_only=True)["net"] for out in outs]
    net = MessageNet()
    net.load_state_dict({name: sum(state[name] for state in states) / len(states) for name in states[0]})
    return net.eval()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains the message model.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the benign chats (*.jsonl.gz)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=13)
    parser.add_argument("--start", type=Path, help="model.onnx of this recipe to train further")
    parser.add_argument("--seed", type=int, default=SEED, help="another one for other wordings than the run before")
    parser.add_argument("--hidden", type=float, default=HIDDEN, help="share of the word pieces hidden from the model")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    pool, encoder = benign.BenignPool(benign.read(arguments.data, "train")), Encoder()
    training = Training(arguments)
    training.net.train()
    for epoch in range(training.done, arguments.epochs):
        began = time.monotonic()
        seed = arguments.seed * 1000 + epoch
        torch.manual_seed(seed)  # resumed or not, an epoch is the same
        examples = epoch_examples("train", pool, encoder, seed)
        of = f"{len(examples)} messages of {families.count('train')} families"
        training.log(f"epoch {epoch + 1}: {of} in {time.monotonic() - began:.0f} s")
        rng, total = random.Random(seed), 0.0
        if epoch == arguments.epochs - INT8_EPOCHS:
            training.measure_ranges(examples, rng)
        for number, batch in enumerate(batches(examples, BATCH, rng)):
            total += training.update(batch)
            if number % 100 == 99:
                training.log(f"epoch {epoch + 1} step {number + 1} mean loss {total / (number + 1):.4f}")
        training.save()
        minutes = (time.monotonic() - began) / 60
        training.log(f"epoch {epoch + 1}: {len(examples)} messages, loss {total / (number + 1):.4f}, {minutes:.1f} min")


if __name__ == "__main__":
    main()
