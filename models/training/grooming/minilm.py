"""Writes the plain all-MiniLM-L6-v2 with a fresh head of thirteen logits, as text models are commonly exported.

    python minilm.py OUT.onnx

fp32 throughout, a row for each message, padded to the longest: input_ids, attention_mask, token_type_ids int64 [N, T] to
logits float32 [N, 13]. It is no model to use: `cargo bench -p models --bench raw_limit -- chat TEXTS OUT.onnx` measures
how fast such a graph runs, to compare Ward's own with. Seed 0.
"""

from __future__ import annotations

import sys

import torch

from net import WIDTH, SentenceNet, load_sentence_net
from signals import OUTPUTS

SEED = 0
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Plain(torch.nn.Module):
    """The net with a head, and its inputs in the usual order."""

    def __init__(self, net: SentenceNet):
        super().__init__()
        self.net, self.head = net, torch.nn.Linear(WIDTH, len(OUTPUTS))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        # Token types are an input of the usual export, so they are looked up here as well.
        return self.head(self.net(ids, mask)) + 0 * types.sum()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python minilm.py OUT.onnx")
    torch.manual_seed(SEED)
    net = Plain(load_sentence_net()).eval()
    example = tuple(torch.ones(2, 16, dtype=torch.int64) for _ in INPUTS)
    axes = {name: {0: "N", 1: "T"} for name in INPUTS} | {"logits": {0: "N"}}
    torch.onnx.export(net, example, sys.argv[1], input_names=list(INPUTS), output_names=["logits"], dynamic_axes=axes,
                      opset_version=20, dynamo=False)


if __name__ == "__main__":
    main()
