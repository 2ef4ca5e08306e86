"""Writes the message model as ONNX, with its matrix products in int8.

The ranges of what goes into a product are fixed in training, so that a score depends on nothing else in the batch (dynamic
int8 measures them anew for every batch). Weights keep one scale per output channel. The word table is int8 with a scale per
word, and only the rows that are read are multiplied out. Norms, attention and the heads are fp32.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from encode import MAX_TOKENS
from net import HEADS, HELD, INPUT_LEVELS, KEPT_LAYERS, NORM_EPSILON, WEIGHT_LEVELS, WIDTH, MessageNet
from signals import OUTPUTS

OPSET, RUNTIME_OPSET = 20, "com.microsoft"
# The tokens of all messages end to end; then the turns before them; then the pieces of those turns.
INPUTS = {
    "input_ids": "T", "position_ids": "T", "message_ids": "T",
    "turn_kinds": "K", "turn_messages": "K",
    "piece_ids": "P", "piece_turns": "P",
}  # fmt: skip
# Far below any attention score, and far from overflow.
MASKED = -1e4
# What an input of 0 is in uint8.
ZERO = INPUT_LEVELS + 1
# Columns of ones that sums are taken by. A single one would be a product of another kind, which adds in another order.
SUM_COLUMNS = 16


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

    def linear(self, name: str, hidden: str, weight: np.ndarray, bias: np.ndarray, reach: float) -> str:
        """hidden [.., in] by weight [in, out], in int8: inputs beyond ± reach are cut."""
        codes, scales = quantise(weight, 0, WEIGHT_LEVELS)
        step, zero = self.weight(f"{name}.step", np.float32(reach / INPUT_LEVELS)), self.weight("zero_point", np.uint8(ZERO))
        coarse = self.node("QuantizeLinear", f"{name}.coarse", hidden, step, zero)
        matrix = self.weight(f"{name}.int8", codes), step, self.weight(f"{name}.scale", scales.reshape(-1))
        zeros = zero, self.weight(f"zeros_{len(bias)}", np.zeros(len(bias), np.int8))
        inputs = (coarse, *matrix, *zeros, self.weight(f"{name}.bias", bias))
        return self.node("MatMulIntegerToFloat", f"{name}.sum", *inputs, domain=RUNTIME_OPSET)

    def norm(self, name: str, hidden: str, weight: np.ndarray, bias: np.ndarray) -> str:
        scale, shift = self.weight(f"{name}.weight", weight), self.weight(f"{name}.bias", bias)
        return self.node("LayerNormalization", f"{name}.out", hidden, scale, shift, axis=-1, epsilon=NORM_EPSILON)


def quantise(values: np.ndarray, axis: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 codes and float32 scales that put the largest magnitude along `axis` at `levels`."""
    scales = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-12) / levels
    return np.rint(values / scales).astype(np.int8), scales.astype(np.float32)


def export(net: MessageNet, path: Path) -> None:
    """Writes what scores S messages of T tokens in all, laid end to end, after K turns of P pieces; all four are free.

    int64 throughout. input_ids, position_ids (place in its message) and message_ids (0 to S - 1) of each token; turn_kinds
    and turn_messages of each earlier turn; piece_ids and piece_turns (0 to K - 1) of each of its pieces. → logits float32
    [S, 13]; token_logits [T, 13], whose mean over a message is its logits but for the bias; meanings
    [S, 384], of length 1.

    Nothing is padded, and a token attends to those of its own message alone, so that short messages share a run at no loss.
    """
    if not all(linear.reach > 0 for linear in net.linears()):
        raise SystemExit("The ranges of int8 are not measured yet: finish the training first.")
    graph = Graph()
    state = {name: tensor.detach().float().numpy() for name, tensor in net.state_dict().items()}
    hidden = _embeddings(graph, state)
    bias = _attention_bias(graph)
    _ones(graph)
    last = len(KEPT_LAYERS) - 1
    for number in range(last):
        hidden = _layer(graph, state, f"layers.{number}", hidden, hidden, bias)
    # Of the last layer only the messages' own tokens are needed; the turns' have been looked at.
    rows = graph.node("Shape", "tokens.count", "input_ids")
    own = graph.node("Slice", "own.hidden", hidden, graph.ints(0), rows, graph.ints(1))
    own_bias = graph.node("Slice", "own.bias", bias, graph.ints(0), rows, graph.ints(0))
    _heads(graph, state, _layer(graph, state, f"layers.{last}", own, hidden, own_bias))
    onnx.save(_model(graph), path)
    # The checker of ONNX does not know the runtime's own operator; opening the model checks it all.
    onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def read_into(net: MessageNet, path: Path) -> None:
    """Gives `net` the layers and heads of an exported file; the embeddings, which training holds, are those of the package."""
    values = {item.name: numpy_helper.to_array(item) for item in onnx.load(path).graph.initializer}
    state = {}
    for number in range(len(KEPT_LAYERS)):
        name = f"layers.{number}"
        query, key_value = (_multiplied_out(values, f"{name}.{part}") for part in ("query", "key_value"))
        joined = [np.concatenate([of_query * math.sqrt(WIDTH / HEADS), others]) for of_query, others in zip(query, key_value)]
        state |= dict(zip((f"{name}.query_key_value.weight", f"{name}.query_key_value.bias"), joined))
        for part in ("attended", "widen", "narrow"):
            state |= dict(zip((f"{name}.{part}.weight", f"{name}.{part}.bias"), _multiplied_out(values, f"{name}.{part}")))
        for part in ("attention_norm", "output_norm"):
            state |= {f"{name}.{part}.{kind}": values[f"{name}.{part}.{kind}"] for kind in ("weight", "bias")}
    state["turns.weight"] = values["turn_kinds.weight"]
    state |= {name: values[name] for name in ("head.bias", "meaning.bias")}
    state |= {name: values[name].T for name in ("head.weight", "meaning.weight")}
    missing = net.load_state_dict({name: torch.tensor(value) for name, value in state.items()}, strict=False).missing_keys
    if left := [name for name in missing if not name.startswith(HELD) and not name.endswith(".reach")]:
        raise SystemExit(f"{path} lacks {left}: it is not a file of this recipe.")


def _multiplied_out(values: dict, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Weight [out, in] and bias of a product in int8."""
    return (values[f"{name}.int8"] * values[f"{name}.scale"]).T, values[f"{name}.bias"]


def _embeddings(graph: Graph, state: dict) -> str:
    codes, scales = quantise(state["words.weight"], 1, INPUT_LEVELS)
    graph.weight("words.int8", codes)
    graph.weight("words.scale", scales)
    places = graph.weight("places", state["places.weight"][:MAX_TOKENS] + state["types.weight"][0])
    own = graph.node("Add", "tokens.out", _words(graph, "input_ids"), graph.node("Gather", "places.out", places, "position_ids"))
    total = graph.node("Concat", "embeddings", own, _turns(graph, state), axis=0)
    # A batch of one: ONNX Runtime fuses what is around a norm or a gelu in three dimensions only.
    batch = graph.node("Unsqueeze", "embeddings.batch", total, graph.ints(0))
    return graph.norm("norm", batch, state["norm.weight"], state["norm.bias"])


def _words(graph: Graph, ids: str) -> str:
    rows = graph.node("Gather", f"{ids}.rows", "words.int8", ids)
    real = graph.node("Cast", f"{ids}.real", rows, to=TensorProto.FLOAT)
    return graph.node("Mul", f"{ids}.words", real, graph.node("Gather", f"{ids}.scales", "words.scale", ids))


def _turns(graph: Graph, state: dict) -> str:
    """The mean of each turn's pieces, and what kind of turn it is."""
    count = graph.node("Squeeze", "turns.count", graph.node("Shape", "turns.shape", "turn_kinds"), graph.ints(0))
    means = _means(graph, "turns", "piece_turns", count, _words(graph, "piece_ids"))
    kinds = graph.node("Gather", "turns.kind", graph.weight("turn_kinds.weight", state["turns.weight"]), "turn_kinds")
    return graph.node("Add", "turns.out", means, kinds)


def _means(graph: Graph, name: str, groups: str, count: str, rows: str) -> str:
    """Mean of `rows` [N, W] by group, [count, W]; `groups` [N] says which, from 0 to count - 1."""
    zero, one = graph.weight("number_0", np.int64(0)), graph.weight("number_1", np.int64(1))
    numbers = graph.node("Unsqueeze", f"{name}.numbers.turned", graph.node("Range", f"{name}.numbers", zero, count, one), graph.ints(1))
    member = graph.node("Equal", f"{name}.member", numbers, graph.node("Unsqueeze", f"{name}.groups", groups, graph.ints(0)))
    member = graph.node("Cast", f"{name}.member.real", member, to=TensorProto.FLOAT)
    size = graph.node("ReduceSum", f"{name}.size", member, graph.ints(1), keepdims=1)
    return graph.node("Div", f"{name}.mean", graph.node("MatMul", f"{name}.total", member, rows), size)


def _attention_bias(graph: Graph) -> str:
    """0 between tokens of one message and MASKED between those of two, [T + K, T + K]."""
    owner = graph.node("Concat", "owners", "message_ids", "turn_messages", axis=0)
    row, column = (graph.node("Unsqueeze", f"owners.{axis}", owner, graph.ints(axis)) for axis in (0, 1))
    same = graph.node("Equal", "owners.same", row, column)
    zero, masked = graph.weight("zero", np.float32(0)), graph.weight("masked", np.float32(MASKED))
    return graph.node("Where", "attention.bias", same, zero, masked)


def _ones(graph: Graph) -> None:
    """Ones, [T + K, SUM_COLUMNS]."""
    shape = graph.node("Concat", "ones.shape", graph.node("Shape", "owners.count", "owners"), graph.ints(SUM_COLUMNS), axis=0)
    graph.node("ConstantOfShape", "ones", shape, value=numpy_helper.from_array(np.ones(1, np.float32)))


def _layer(graph: Graph, state: dict, name: str, hidden: str, context: str, bias: str) -> str:
    """`hidden`: the first rows of `context`, those that are asked for."""

    def linear(part: str, of: str) -> str:
        weight, offset = state[f"{name}.{part}.weight"].T, state[f"{name}.{part}.bias"]
        return graph.linear(f"{name}.{part}", of, weight, offset, float(state[f"{name}.{part}.reach"]))

    def norm(part: str, of: str) -> str:
        return graph.norm(f"{name}.{part}", of, state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"])

    attended = linear("attended", _attention(graph, state, name, hidden, context, bias))
    hidden = norm("attention_norm", graph.node("Add", f"{name}.attended.residual", hidden, attended))
    wide = graph.node("Gelu", f"{name}.gelu", linear("widen", hidden))
    return norm("output_norm", graph.node("Add", f"{name}.narrow.residual", hidden, linear("narrow", wide)))


def _attention(graph: Graph, state: dict, name: str, hidden: str, context: str, bias: str) -> str:
    weight, offset = state[f"{name}.query_key_value.weight"].T, state[f"{name}.query_key_value.bias"]
    reach = float(state[f"{name}.query_key_value.reach"])
    scale = math.sqrt(WIDTH / HEADS)
    # The scale of the scores goes into the query, which saves a multiplication a layer.
    query = graph.linear(f"{name}.query", hidden, weight[:, :WIDTH] / scale, offset[:WIDTH] / scale, reach)
    both = graph.linear(f"{name}.key_value", context, weight[:, WIDTH:], offset[WIDTH:], reach)
    key, value = f"{name}.key", f"{name}.value"
    graph.nodes.append(helper.make_node("Split", [both], [key, value], name=f"{name}.split", axis=-1, num_outputs=2))
    orders = {query: [0, 2, 1, 3], key: [0, 2, 3, 1], value: [0, 2, 1, 3]}
    query, key, value = (_by_head(graph, part, order) for part, order in orders.items())
    scores = graph.node("Add", f"{name}.masked", graph.node("MatMul", f"{name}.scores", query, key), bias)
    mixed = _softmax_times(graph, name, scores, value)
    turned = graph.node("Transpose", f"{name}.mixed.turned", mixed, perm=[0, 2, 1, 3])
    return graph.node("Reshape", f"{name}.mixed.joined", turned, graph.ints(0, 0, WIDTH))


def _softmax_times(graph: Graph, name: str, scores: str, value: str) -> str:
    """softmax(scores) · value, whose sums do not depend on where in a run a message lies.

    The runtime's own softmax adds up lane by lane, so a message further on is summed in another order. That is seven digits after
    the point, but now and then enough to round an input of int8 to the next step. A matrix product adds column after column, and
    what is masked adds exactly 0.
    """
    highest = graph.node("ReduceMax", f"{name}.highest", scores, graph.ints(-1), keepdims=1)
    powers = graph.node("Exp", f"{name}.powers", graph.node("Sub", f"{name}.lowered", scores, highest))
    sums = graph.node("MatMul", f"{name}.sums", powers, "ones")
    total = graph.node("Slice", f"{name}.total", sums, graph.ints(0), graph.ints(1), graph.ints(-1))
    return graph.node("Div", f"{name}.mixed", graph.node("MatMul", f"{name}.weighted", powers, value), total)


def _by_head(graph: Graph, part: str, order: list[int]) -> str:
    heads = graph.node("Reshape", f"{part}.heads", part, graph.ints(0, 0, HEADS, WIDTH // HEADS))
    return graph.node("Transpose", f"{part}.turned", heads, perm=order)


def _heads(graph: Graph, state: dict, hidden: str) -> None:
    """Means over the tokens of each message, then linear maps that stay in fp32."""
    rows = graph.node("Squeeze", "hidden.rows", hidden, graph.ints(0))
    last = graph.node("ReduceMax", "messages.last", "message_ids", keepdims=0)
    count = graph.node("Add", "messages.count", last, graph.weight("number_1", np.int64(1)))
    graph.node("MatMul", "token_logits", rows, graph.weight("head.weight", np.ascontiguousarray(state["head.weight"].T)))
    means = _means(graph, "messages", "message_ids", count, rows)
    weight, bias = graph.weight("head.weight", state["head.weight"].T), graph.weight("head.bias", state["head.bias"])
    graph.node("Gemm", "logits", means, weight, bias)
    weight, bias = graph.weight("meaning.weight", state["meaning.weight"].T), graph.weight("meaning.bias", state["meaning.bias"])
    graph.node("LpNormalization", "meanings", graph.node("Gemm", "meaning", means, weight, bias), axis=-1, p=2)


def _model(graph: Graph) -> onnx.ModelProto:
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [axis]) for name, axis in INPUTS.items()]
    shapes = {"logits": ["S", len(OUTPUTS)], "token_logits": ["T", len(OUTPUTS)], "meanings": ["S", WIDTH]}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    body = helper.make_graph(graph.nodes, "ward-grooming", inputs, outputs, list(graph.weights.values()))
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME_OPSET, 1)]
    model = helper.make_model(body, opset_imports=opsets, producer_name="ward")
    model.ir_version = 10
    return model
