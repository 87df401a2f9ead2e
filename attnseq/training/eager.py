"""Making a traced program cheap to call operation by operation, for training without a compiler.

Overhead is the greater part of a small model's step: `torch.ops` checks arguments against a schema, each call makes
tensors of numbers anew, and autograd keeps its books. Avoiding it changes no bit of the result. The compiler does not
need this.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch._higher_order_ops.scan import scan_op
from torch.fx import GraphModule, Node

from attnseq.layers.recurrence import scan_loop

aten = torch.ops.aten

BINDINGS: Mapping[Any, Callable[..., Any]] = {
    aten.add.Tensor: torch.add,
    aten.bitwise_and.Tensor: torch.bitwise_and,
    aten.bmm.default: torch.bmm,
    aten.cat.default: torch.cat,
    aten.clamp.default: torch.clamp,
    aten.copy_.default: Tensor.copy_,
    aten.div.Tensor: torch.div,
    aten.expand.default: Tensor.expand,
    aten.mul.Tensor: torch.mul,
    aten.permute.default: torch.permute,
    aten.pow.Tensor_Tensor: torch.pow,
    aten.select.int: torch.select,
    aten.sigmoid.default: torch.sigmoid,
    aten.sqrt.default: torch.sqrt,
    aten.squeeze.dims: torch.squeeze,
    aten.stack.default: torch.stack,
    aten.sub.Tensor: torch.sub,
    aten.sum.dim_IntList: torch.sum,
    aten.tanh.default: torch.tanh,
    aten.transpose.int: torch.transpose,
    aten.unbind.int: torch.unbind,
    aten.unsqueeze.default: torch.unsqueeze,
    aten.view.default: Tensor.view,
    aten.where.self: torch.where,
}
"""Python functions for operations, with the same arguments: they take two thirds of the time of `torch.ops`."""

ARITHMETIC = frozenset((aten.add.Tensor, aten.div.Tensor, aten.mul.Tensor, aten.sub.Tensor))


def for_eager(traced: GraphModule) -> Callable[..., object]:
    """Turn a traced program into one that computes the same, bit for bit, in less time where it is not compiled.

    Args:
        traced: from `trace_steps`; changed in place, so that it must not be compiled afterwards.

    Returns:
        A `Program`; on any device but the CPU it is `traced`, unchanged.
    """
    if any(node.meta["val"].device.type != "cpu" for node in traced.graph.find_nodes(op="placeholder")):
        return traced
    make_cheap(traced)
    return torch.inference_mode()(traced.forward)


def make_cheap(traced: GraphModule) -> None:
    """Make a program, and the steps of its loops, cheap to call, in place."""
    keep_numbers(traced)
    bind(traced)
    for node in traced.graph.find_nodes(op="call_function", target=scan_op):
        make_cheap(getattr(traced, node.args[0].target))
        node.target = scan_loop  # PyTorch's own is for tests of the compiler
    traced.recompile()


def keep_numbers(traced: GraphModule) -> None:
    """Replace each number in arithmetic by a tensor that is made once, in place.

    It does so only where the other operand has the result's floating-point type, to which the number is rounded anyway.
    """
    graph = traced.graph
    start = next(iter(graph.nodes))
    kept: dict[tuple[str, torch.dtype], Node] = {}

    def tensor(number: float, dtype: torch.dtype) -> Node:
        key = number.hex(), dtype  # by hex, since 0.0 equals -0.0
        if key not in kept:
            name = f"number_{len(kept)}"
            traced.register_buffer(name, torch.tensor(number, dtype=dtype))
            with graph.inserting_before(start):
                kept[key] = graph.get_attr(name)
        return kept[key]

    for node in graph.nodes:
        turned = node.target is aten.rsub.Scalar  # rsub(x, 1) is 1 - x
        if not (turned or node.target in ARITHMETIC) or len(node.args) != 2 or node.kwargs:
            continue
        value, number = node.args
        if not isinstance(value, Node) or not isinstance(number, int | float):
            continue
        dtype, mine = (each.meta["val"].dtype if "val" in each.meta else None for each in (node, value))
        if dtype is not None and dtype.is_floating_point and dtype == mine:
            own = tensor(float(number), dtype)
            node.args = (own, value) if turned else (value, own)
            node.target = aten.sub.Tensor if turned else node.target


def bind(traced: GraphModule) -> None:
    """Replace operations by Python's functions, in place, see `BINDINGS`; other operations stay."""
    for node in traced.graph.find_nodes(op="call_function", target=aten.split.Tensor):
        value, size, *axis = node.args
        axis = axis[0] if axis else 0
        length = value.meta["val"].shape[axis]
        if length % size == 0:  # torch.split would be slower: it is written in Python
            node.target, node.args = torch.chunk, (value, length // size, axis)
    for node in traced.graph.nodes:
        if node.op == "call_function":
            node.target = BINDINGS.get(node.target, node.target)
