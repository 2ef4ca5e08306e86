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
    graph = onnx.load(path).graph
    values = {item.name: torch.from_numpy(numpy_helper.to_array(item).copy()) for item in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    layers = in_order(net, image, (nn.Conv2d, nn.Linear))
    if len(nodes) != len(layers):
        raise SystemExit(f"{path} has {len(nodes)} layers where this recipe has {len(layers)}: another network.")
    if not all(name in values for node in nodes for name in node.input[1:]):
        raise SystemExit(f"{path} is in int8: go on from the exact.onnx that the run left beside its bundle.")
    stored = [[values[name] for name in node.input[1:]] for node in nodes]
    folded = []
    for layer, (weight, *bias) in zip(layers, stored):
        layer.weight.data.copy_(weight)
        if layer.bias is not None:
            layer.bias.data.copy_(bias[0])
        else:
            folded += bias
    settle(net, image, dict(zip(in_order(net, image, (nn.BatchNorm2d,)), folded)))


def settle(net, image, folded):
    """Sets each norm so that it adds its `folded` bias and changes nothing else, in the order in which they run."""

    def set_norm(norm, inputs):
        mean, spread = inputs[0].mean(dim=(0, 2, 3)), inputs[0].var(dim=(0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(spread)
        norm.weight.data.copy_((spread + norm.eps).sqrt())
        norm.bias.data.copy_(mean + folded[norm])

    hooked(net, image, folded, set_norm)


def in_order(net, image, kinds):
    """Its modules of those kinds as they run, which is how an export lists them."""
    seen = []
    hooked(net, image, [m for m in net.modules() if isinstance(m, kinds)], lambda module, _: seen.append(module))
    return seen


def hooked(net, image, modules, hook):
    """Runs `net` in evaluation mode with `hook(module, inputs)` before each of the modules."""
    handles = [module.register_forward_pre_hook(hook) for module in modules]
    net.eval()
    with torch.no_grad():
        net(image)
    for handle in handles:
        handle.remove()
