"""What an exported model takes and gives, in words and as JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from attnseq.contracts.batch import Batch
from attnseq.contracts.examples import token_type
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Classes, Inputs, Reals, Scalar, Target, Tokens
from attnseq.contracts.task import Task

WEIGHTS = {
    "BT": "a weight a position",
    "BTD": "a weight for each feature of each position",
    "BKT": "for each answer position a weight a position",
    "BMTT": "for each head and each position a weight a position",
}
"""What weights are, by the attention's axes."""


def interface(model: Model, task: Task) -> dict[str, Any]:
    """Say what goes into an exported model, and what comes out.

    Args:
        model: trained on the task; on the CPU.
        task: that knows units and names.

    Returns:
        inputs and outputs in their order, each with its type, its shape ("batch" stands for any number) and what it
        is; names of positions, of the input's tokens, and of classes or the answer's tokens, where there are some.
    """
    inputs, target = task.spec.inputs, task.spec.target
    length = inputs.length
    if isinstance(inputs, Reals):
        what = "numbers in their own units"
        given = {"inputs": _tensor("float64", ["batch", length, inputs.features], what)}
    else:
        given = {"inputs": _tensor("int64", ["batch", length], f"tokens, 0 to {inputs.vocabulary - 1}")}
    if inputs.padded:
        given["lengths"] = _tensor("int64", ["batch"], f"how many positions a sequence has, 1 to {length}")
    made = _answers(target, task.spec.answer_length(length))
    with torch.no_grad():
        attention = next(iter(model(_blank(inputs)).attention.values()), None) if model.attends else None
    if attention is not None:
        weights, axes = attention
        padding = ", 0 for padding" if inputs.padded else ""
        made["attention"] = _tensor("float32", ["batch", *weights.shape[1:]], f"{WEIGHTS[axes]}{padding}")
    symbols = inputs.symbols if isinstance(inputs, Tokens) else ()
    names = {"positions": task.position_names, "tokens": task.token_names or symbols, "answers": _names(target)}
    return {"inputs": given, "outputs": made} | {name: list(each) for name, each in names.items() if each}


def lines(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each tensor of an interface."""
    for way in ("inputs", "outputs"):
        for name, tensor in said[way].items():
            shape = ", ".join(map(str, tensor["shape"]))
            yield f"    {name:<10}  {tensor['type']:<7}  ({shape})  {tensor['is']}"


def _answers(target: Target, length: int) -> dict[str, Any]:
    if isinstance(target, Scalar):
        return {"prediction": _tensor("float64", ["batch"], f"in {target.unit}" if target.unit else "a number")}
    if isinstance(target, Classes):
        return {
            "prediction": _tensor("int64", ["batch"], f"the class, 0 to {target.number - 1}"),
            "logits": _tensor("float32", ["batch", target.number], "of the classes"),
        }
    end = "; -1 from the end of the answer on" if target.end else ""
    last = target.vocabulary - 1 - target.end
    return {
        "prediction": _tensor("int64", ["batch", length], f"tokens, 0 to {last}{end}"),
        "logits": _tensor("float32", ["batch", length, target.vocabulary], "of the tokens"),
    }


def _blank(inputs: Inputs) -> Batch:
    """Make a batch of one sequence of zeros, of full length."""
    features = (inputs.features,) if isinstance(inputs, Reals) else ()
    kind = torch.float32 if isinstance(inputs, Reals) else token_type(inputs)
    lengths = torch.tensor([inputs.length], dtype=torch.int32) if inputs.padded else None
    return Batch(torch.zeros(1, inputs.length, *features, dtype=kind), lengths=lengths)


def _names(target: Target) -> tuple[str, ...]:
    if isinstance(target, Classes):
        return target.names
    return target.symbols if isinstance(target, Tokens) else ()


def _tensor(kind: str, shape: list[int | str], what: str) -> dict[str, Any]:
    return {"type": kind, "shape": shape, "is": what}
