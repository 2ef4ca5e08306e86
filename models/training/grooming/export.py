"""Writes the message model as ONNX: fp32 arithmetic on weights that are stored as int8.

Every matrix is kept as int8 with one scale per output channel (the word table: per word) and multiplied out again in
the graph by Cast and Mul. ONNX Runtime folds that once, when it opens the model; the word table stays int8 in memory,
because only the rows that are read are multiplied out. No activation is ever quantised: dynamic int8 would make a
score depend on its batch-mates.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from encode import MAX_TOKENS
from net import HEADS, LAYERS, NORM_EPSILON, WIDTH, MessageNet

OPSET = 20
INPUTS = ("input_ids", "token_type_ids", "position_ids", "message_ids")
# Far below any attention score, and far from overflow.
MASKED = -1e4


class Graph:
    """Collects nodes and weights; every method adds nodes and returns the name of what they give."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str, values: np.ndarray) -> str:
        self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def ints(self, *values: int) -> str:
        return self.weight("ints_" + "_".join(str(value) for value in values), np.array(values, dtype=np.int64))

    def node(self, kind: str, name: str, *inputs: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def matrix(self, name: str, values: np.ndarray) -> str:
        """float32 [in, out], stored as int8 with a scale for each column."""
        codes, scales = quantise(values, axis=0)
        real = self.node("Cast", f"{name}.real", self.weight(f"{name}.int8", codes), to=TensorProto.FLOAT)
        return self.node("Mul", f"{name}.scaled", real, self.weight(f"{name}.scale", scales))

    def linear(self, name: str, hidden: str, weight: np.ndarray, bias: np.ndarray) -> str:
        product = self.node("MatMul", f"{name}.product", hidden, self.matrix(name, weight))
        return self.node("Add", f"{name}.sum", product, self.weight(f"{name}.bias", bias))

    def norm(self, name: str, hidden: str, weight: np.ndarray, bias: np.ndarray) -> str:
        scale, shift = self.weight(f"{name}.weight", weight), self.weight(f"{name}.bias", bias)
        return self.node("LayerNormalization", f"{name}.out", hidden, scale, shift, axis=-1, epsilon=NORM_EPSILON)


def quantise(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 codes and float32 scales that keep the largest magnitude along `axis` at 127."""
    scales = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-12) / 127.0
    return np.rint(values / scales).astype(np.int8), scales.astype(np.float32)


def export(net: MessageNet, path: Path) -> None:
    """Writes what scores S messages of T tokens in all, laid end to end; T and S are free.

    input_ids, token_type_ids, position_ids (place in its message) and message_ids (0 to S - 1), int64 [T] → logits
    float32 [S, 13]. Nothing is padded, and a token attends to those of its own message alone, so that short messages
    share a run at no loss whatever their lengths.
    """
    graph = Graph()
    state = {name: tensor.detach().float().numpy() for name, tensor in net.state_dict().items()}
    hidden = _embeddings(graph, state)
    bias = _attention_bias(graph)
    for number in range(LAYERS):
        hidden = _layer(graph, state, f"layers.{number}", hidden, bias)
    _head(graph, state, hidden)
    onnx.save(_model(graph), path)


def _embeddings(graph: Graph, state: dict) -> str:
    codes, scales = quantise(state["words.weight"], axis=1)
    rows = graph.node("Gather", "words.rows", graph.weight("words.int8", codes), "input_ids")
    real = graph.node("Cast", "words.real", rows, to=TensorProto.FLOAT)
    scale = graph.node("Gather", "words.scales", graph.weight("words.scale", scales), "input_ids")
    words = graph.node("Mul", "words.out", real, scale)
    places = graph.node("Gather", "places.out", graph.weight("places", state["places.weight"][:MAX_TOKENS]), "position_ids")
    types = graph.node("Gather", "types.out", graph.weight("types", state["types.weight"]), "token_type_ids")
    total = graph.node("Add", "embeddings.typed", graph.node("Add", "embeddings.placed", words, places), types)
    # A batch of one: ONNX Runtime fuses what is around a norm or a gelu in three dimensions only.
    batch = graph.node("Unsqueeze", "embeddings.batch", total, graph.ints(0))
    return graph.norm("norm", batch, state["norm.weight"], state["norm.bias"])


def _attention_bias(graph: Graph) -> str:
    """0 between tokens of one message and MASKED between those of two, [T, T]."""
    row, column = (graph.node("Unsqueeze", f"messages.{axis}", "message_ids", graph.ints(axis)) for axis in (0, 1))
    same = graph.node("Equal", "messages.same", row, column)
    zero, masked = graph.weight("zero", np.float32(0)), graph.weight("masked", np.float32(MASKED))
    return graph.node("Where", "attention.bias", same, zero, masked)


def _layer(graph: Graph, state: dict, name: str, hidden: str, bias: str) -> str:
    def linear(part: str, of: str) -> str:
        return graph.linear(f"{name}.{part}", of, state[f"{name}.{part}.weight"].T, state[f"{name}.{part}.bias"])

    def norm(part: str, of: str) -> str:
        return graph.norm(f"{name}.{part}", of, state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"])

    attended = linear("attended", _attention(graph, state, name, hidden, bias))
    hidden = norm("attention_norm", graph.node("Add", f"{name}.attended.residual", hidden, attended))
    wide = graph.node("Gelu", f"{name}.gelu", linear("widen", hidden))
    return norm("output_norm", graph.node("Add", f"{name}.narrow.residual", hidden, linear("narrow", wide)))


def _attention(graph: Graph, state: dict, name: str, hidden: str, bias: str) -> str:
    weight, offset = state[f"{name}.query_key_value.weight"].T.copy(), state[f"{name}.query_key_value.bias"].copy()
    # The scale of the scores goes into the query, which saves a multiplication a layer.
    weight[:, :WIDTH] /= math.sqrt(WIDTH / HEADS)
    offset[:WIDTH] /= math.sqrt(WIDTH / HEADS)
    joined = graph.linear(f"{name}.query_key_value", hidden, weight, offset)
    parts = [f"{name}.{part}" for part in ("query", "key", "value")]
    graph.nodes.append(helper.make_node("Split", [joined], parts, name=f"{name}.split", axis=-1, num_outputs=3))
    heads = [graph.node("Reshape", f"{part}.heads", part, graph.ints(0, 0, HEADS, WIDTH // HEADS)) for part in parts]
    query, key, value = (
        graph.node("Transpose", f"{head}.turned", head, perm=order)
        for head, order in zip(heads, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
    )
    scores = graph.node("Add", f"{name}.masked", graph.node("MatMul", f"{name}.scores", query, key), bias)
    shares = graph.node("Softmax", f"{name}.shares", scores, axis=-1)
    mixed = graph.node("MatMul", f"{name}.mixed", shares, value)
    turned = graph.node("Transpose", f"{name}.mixed.turned", mixed, perm=[0, 2, 1, 3])
    return graph.node("Reshape", f"{name}.mixed.joined", turned, graph.ints(0, 0, WIDTH))


def _head(graph: Graph, state: dict, hidden: str) -> None:
    """Mean over the tokens of each message, then a linear map that stays in fp32."""
    last = graph.node("ReduceMax", "messages.last", "message_ids", keepdims=0)
    zero, one = graph.weight("number_0", np.int64(0)), graph.weight("number_1", np.int64(1))
    numbers = graph.node("Range", "messages.numbers", zero, graph.node("Add", "messages.count", last, one), one)
    turned = graph.node("Unsqueeze", "messages.numbers.turned", numbers, graph.ints(1))
    member = graph.node("Equal", "pool.member", turned, "messages.0")
    member = graph.node("Cast", "pool.member.real", member, to=TensorProto.FLOAT)
    total = graph.node("Squeeze", "pool.total", graph.node("MatMul", "pool.batch", member, hidden), graph.ints(0))
    count = graph.node("ReduceSum", "pool.count", member, graph.ints(1), keepdims=1)
    mean = graph.node("Div", "pool.mean", total, count)
    weight, bias = graph.weight("head.weight", state["head.weight"].T), graph.weight("head.bias", state["head.bias"])
    graph.node("Gemm", "logits", mean, weight, bias)


def _model(graph: Graph) -> onnx.ModelProto:
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["T"]) for name in INPUTS]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["S", 13])]
    body = helper.make_graph(graph.nodes, "ward-grooming", inputs, outputs, list(graph.weights.values()))
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="ward")
    model.ir_version = 10
    onnx.checker.check_model(model, full_check=True)
    return model
