"""Two networks of a few nodes, to show that a manifest can describe what others export. Neither has learnt anything.

    python models/tests/age/toys/make.py

ages.onnx: one picture at a time, [1, 16, 16, 3], answers `age`, the mean of the first colour, and `sex` beside it.
bins.onnx: any number of pictures, [n, 3, 16, 16], answers `groups`, the means of the three colours as shares that
do not sum to 1.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).resolve().parent


def save(name, nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / f"{name}.onnx")


def tensor(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def main():
    first = numpy_helper.from_array(np.array([0], np.int64), "first")
    ages = [
        helper.make_node("ReduceMean", ["data"], ["colours"], axes=[1, 2], keepdims=0),
        helper.make_node("Gather", ["colours", "first"], ["age"], axis=1),
        helper.make_node("Softmax", ["colours"], ["sex"], axis=1),
    ]
    save("ages", ages, [tensor("data", [1, 16, 16, 3])], [tensor("sex", [1, 3]), tensor("age", [1, 1])], [first])
    bins = [helper.make_node("ReduceMean", ["input"], ["groups"], axes=[2, 3], keepdims=0)]
    save("bins", bins, [tensor("input", ["n", 3, 16, 16])], [tensor("groups", ["n", 3])], [])


if __name__ == "__main__":
    main()
