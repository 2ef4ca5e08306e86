"""From a torch network to one ONNX file, checked: ONNX Runtime must answer what torch answers."""

import warnings

import numpy as np
import onnx
import onnxruntime
import torch

OPSET = 17


def export(net, example, names, dynamic, path):
    """Writes `path`; returns the largest difference between torch's and ONNX Runtime's answers to `example`.

    `names`: of the outputs; `dynamic`: axis number -> name for the input, the first of which the outputs share.
    """
    net = net.eval().float().to(memory_format=torch.contiguous_format)
    axes = {"input": dynamic} | {name: {0: dynamic[0]} for name in names}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", DeprecationWarning)  # the new exporter needs a package more
        torch.onnx.export(
            net, (example,), str(path), dynamo=False, opset_version=OPSET,
            input_names=["input"], output_names=names, dynamic_axes=axes,
        )  # fmt: skip
        expected = net(example)
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(names, {"input": example.numpy()})
    expected = expected if isinstance(expected, tuple) else (expected,)
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, found))
