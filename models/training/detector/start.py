"""A network in training that goes on from an exported file instead of from nothing.

Export folds every batch norm into the convolution before it, so what comes back has none: it trains on without.
"""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from net import FaceNet


def from_file(path):
    """The network whose weights stand in `path`, an ONNX file written by this recipe."""
    net = without_norms(FaceNet())
    graph = onnx.load(path).graph
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    stored = [[values[name] for name in node.input[1:]] for node in graph.node if node.op_type == "Conv"]
    ours = in_order(net)
    if len(stored) != len(ours):
        raise SystemExit(f"{path} has {len(stored)} convolutions where this recipe has {len(ours)}: another network.")
    for conv, (weight, *bias) in zip(ours, stored):
        conv.weight.data.copy_(torch.from_numpy(np.array(weight)))
        if bias:
            conv.bias.data.copy_(torch.from_numpy(np.array(bias[0])))
    return net


def without_norms(module):
    """Replaces each batch norm by nothing, and gives the convolution before it the bias it lacked."""
    children = list(module.named_children())
    for (name, child), (after, norm) in zip(children, children[1:]):
        if isinstance(norm, nn.BatchNorm2d):
            child.bias = nn.Parameter(torch.zeros(child.out_channels))
            setattr(module, after, nn.Identity())
    for _, child in children:
        without_norms(child)
    return module


def in_order(net):
    """Its convolutions as they run, which is how an export lists them."""
    seen = []
    hooks = [
        module.register_forward_hook(lambda module, *_: seen.append(module))
        for module in net.modules()
        if isinstance(module, nn.Conv2d)
    ]
    with torch.inference_mode():
        net(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return seen
