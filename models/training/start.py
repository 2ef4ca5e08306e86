"""A network in training that goes on from an exported file instead of from nothing.

Export folds every batch norm into the convolution before it. Here each gets a norm again that changes nothing at first:
it is set to the mean and the spread of what it meets in one batch.
"""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn


def go_on(net, path, image):
    """Gives `net` the weights that stand in `path`, an ONNX file written by this recipe; `image` is a batch of views."""
    stored = layers_of(onnx.load(path).graph)
    # An export names a node after its module; int8 keeps the names, not the order.
    ours = [layer for _, layer in sorted(net.named_modules()) if isinstance(layer, (nn.Conv2d, nn.Linear))]
    if len(stored) != len(ours):
        raise SystemExit(f"{path} has {len(stored)} layers where this recipe has {len(ours)}: another network.")
    folded = {}
    for layer, (weight, *bias) in zip(ours, stored):
        layer.weight.data.copy_(weight)
        if layer.bias is not None:
            layer.bias.data.copy_(bias[0])
        elif bias:
            folded[layer] = bias[0]
    settle(net, image, folded)


def layers_of(graph):
    """Weight and, where there is one, bias of each convolution and product, by the name of its node."""
    values = constants(graph)
    nodes = sorted((node for node in graph.node if node.op_type in ("Conv", "Gemm")), key=lambda node: node.name)
    return [[values[name] for name in node.input[1:]] for node in nodes]


def constants(graph):
    """Every weight by name, those in int8 multiplied out."""
    values = {item.name: torch.from_numpy(numpy_helper.to_array(item).copy()) for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in values:
            codes, scale, zero = (values[name].float() for name in node.input)
            by_channel = (-1,) + (1,) * (codes.ndim - 1)
            values[node.output[0]] = (codes - zero.reshape(by_channel)) * scale.reshape(by_channel)
    return values


def settle(net, image, folded):
    """Sets each norm so that it adds the `folded` bias of the convolution before it and changes nothing else."""
    last = None

    def visit(module, inputs):
        nonlocal last
        if isinstance(module, nn.BatchNorm2d):
            mean, spread = inputs[0].mean(dim=(0, 2, 3)), inputs[0].var(dim=(0, 2, 3), unbiased=False)
            module.running_mean.copy_(mean)
            module.running_var.copy_(spread)
            module.weight.data.copy_((spread + module.eps).sqrt())
            module.bias.data.copy_(mean + folded[last])
        last = module

    handles = [m.register_forward_pre_hook(visit) for m in net.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))]
    net.eval()
    with torch.no_grad():
        net(image)
    for handle in handles:
        handle.remove()
