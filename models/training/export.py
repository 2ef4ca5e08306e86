"""From a torch network to one ONNX file, checked: ONNX Runtime must answer what torch answers. Then to int8."""

import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

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


class Examples(CalibrationDataReader):
    """Batches of what the network will be given, float32 [n,c,h,w], for the ranges of its inner values."""

    def __init__(self, batches):
        self.batches = iter(batches)

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {"input": batch}


def to_int8(path, batches):
    """Rewrites the convolutions and products of `path` in int8, their ranges fixed by the examples of `batches`.

    A range that is fixed makes an answer independent of its batch-mates. Weights have 7 bits: with 8, processors without
    VNNI overflow, and an answer would depend on the machine.
    """
    prepared = path.with_suffix(".prepared")
    quant_pre_process(path, prepared)
    quantize_static(
        prepared, path, Examples(batches), quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=True,
        weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8,
    )  # fmt: skip
    prepared.unlink()
