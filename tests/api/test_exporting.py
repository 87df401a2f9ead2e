"""Exported models give what runs predict, in the units of the data, for any number of sequences, without attnseq."""

import importlib.util
import io
import json
import logging
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tiny_configs import TABLE, tiny_config

from attnseq.api.exporting import FORMS, as_onnx, as_program, as_state_dict
from attnseq.api.prediction import Prediction, predict
from attnseq.api.sequences import samples
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Classes, Reals, Tokens
from attnseq.contracts.task import Task
from attnseq.layers.lstm import UNROLLED
from attnseq.runs.model import build_model

SIZE = 5
ONNX = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="ONNX Runtime is not installed (extra onnx)",
)
OWN = {
    "dataset.id": "id",
    "dataset.time": "time",
    "dataset.target": "kind",
    "dataset.features": ["x", "y"],
    "dataset.window": 0,
    "dataset.path": "long.csv",
}
"""Of sequences of two numbers a step, whose lengths differ."""

CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "digits": ("tutorial", "mlp_attention", {}),
    "element-wise": ("abs_difference", "lstm_element", {}),
    "no attention": ("abs_difference", "lstm_plain", {}),
    "an oracle": ("abs_difference", "mlp_attention", {"model.attention": "oracle"}),
    "a control of states": ("add_two_numbers", "lstm_hidden", {"dataset.length": 4, "model.attention": "operands"}),
    "states": ("find_max", "lstm_hidden", {"dataset.length": 4}),
    "a long sequence": ("abs_difference", "lstm_attention", {"dataset.length": UNROLLED + 3}),
    "an end symbol": ("reverse", "query_attention", {}),
    "decoded": ("reverse", "seq2seq", {"dataset.length": 4}),
    "rollout": ("answer_digits", "transformer", {"model.explains": "rollout"}),
    "glimpses": ("reverse", "hard_attention", {}),
    "a table": ("table", "lstm_attention", {}),
    "a table of lengths": ("table", "lstm_attention", OWN),
}


def built(case: str) -> tuple[Model, Task]:
    """An untrained model with weights that are far from even, and its task."""
    dataset, choice, changes = CASES[case]
    table = {f"dataset.{name}": value for name, value in TABLE.items()} if dataset == "table" else {}
    if changes is OWN:
        table.pop("dataset.time")
    config = tiny_config(dataset, choice, **(table | changes))
    model = build_model(config.model, config.dataset.task)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in model.parameters():
            value.normal_(0.0, 0.7, generator=generator)
    return model.eval(), config.dataset.task


def given(task: Task) -> tuple[npt.NDArray[Any], ...]:
    """Sequences as people have them, and their lengths where these differ."""
    inputs, random = task.spec.inputs, np.random.default_rng(3)
    lengths_B = np.array([1, inputs.length, *random.integers(1, inputs.length + 1, SIZE - 2)])
    if isinstance(inputs, Tokens):
        values = random.integers(0, inputs.vocabulary, (SIZE, inputs.length))
    else:
        values = random.normal(50.0, 30.0, (SIZE, inputs.length, inputs.features))
    return (values, lengths_B) if inputs.padded else (values,)


def expected(model: Model, task: Task, arrays: tuple[npt.NDArray[Any], ...]) -> Prediction:
    lengths_B = arrays[1] if len(arrays) > 1 else None
    return predict(model, task, samples(arrays[0], task.spec.inputs, lengths_B, encode=task.encode))


def check(answers: dict[str, npt.NDArray[Any]], seen: Prediction, task: Task, size: int = SIZE) -> None:
    """Answers are what a run predicts for the first sequences."""
    prediction = answers["prediction"]
    if isinstance(task.spec.target, Classes):
        prediction = np.array(task.spec.target.names)[prediction]
    if prediction.dtype.kind == "f":
        np.testing.assert_allclose(prediction, seen.prediction[:size], rtol=1e-5)
    else:
        assert prediction.tolist() == seen.prediction[:size].tolist()
    if "attention" in answers:
        assert seen.attention is not None
        np.testing.assert_allclose(answers["attention"], seen.attention[:size], atol=1e-6)


@pytest.fixture(autouse=True)
def _long_table(folder: Path) -> None:
    """The file of OWN."""
    random = np.random.default_rng(0)
    rows = [
        f"s{number},{step},{random.normal(900, 40):.3f},{random.normal(-3, 0.1):.3f},{'ab'[number % 2]}"
        for number in range(40)
        for step in range(2 + number % 4)
    ]
    (folder / "long.csv").write_text("\n".join(["id,time,x,y,kind", *rows, ""]))


@pytest.mark.parametrize("case", CASES)
def test_a_program_predicts_as_the_model_in_the_units_of_the_data(case: str) -> None:
    model, task = built(case)
    extra = {"interface.json": ""}
    program = torch.export.load(io.BytesIO(as_program(model, task, {"seed": 7})), extra_files=extra)
    operations = {str(node.target).split(".")[0] for node in program.graph.nodes if node.op == "call_function"}
    assert operations <= {"aten", "<built-in function getitem>"}  # nothing of ours, and no loop
    arrays, said = given(task), json.loads(extra["interface.json"])
    seen = expected(model, task, arrays)
    for size in (SIZE, 1):
        found = program.module()(*(torch.from_numpy(each[:size]) for each in arrays))
        answers = {name: value.detach().numpy() for name, value in found.items()}
        check(answers, seen, task, size)
        for name, value in answers.items():
            tensor = said["outputs"][name]
            assert (str(value.dtype), [size, *tensor["shape"][1:]]) == (tensor["type"], list(value.shape)), name
    assert list(said["outputs"]) == list(answers)
    assert said["seed"] == 7
    for array, tensor in zip(arrays, said["inputs"].values(), strict=True):
        assert (str(array.dtype), tensor["shape"][1:]) == (tensor["type"], list(array.shape[1:]))
    assert ("attention" in answers) == model.attends


def test_what_stands_behind_a_sequence_changes_nothing() -> None:
    model, task = built("a table of lengths")
    values, lengths_B = given(task)
    program = torch.export.load(io.BytesIO(as_program(model, task, {}))).module()
    other = values.copy()
    other[np.arange(values.shape[1]) >= lengths_B[:, None]] = 1e6
    one, two = (program(torch.from_numpy(each), torch.from_numpy(lengths_B)) for each in (values, other))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("case", ["digits", "a table of lengths", "decoded"])
def test_a_program_needs_pytorch_alone(case: str, tmp_path: Path) -> None:
    model, task = built(case)
    arrays = given(task)
    (tmp_path / "model.pt2").write_bytes(as_program(model, task, {}))
    np.savez(tmp_path / "given.npz", *arrays)
    code = (
        "import sys; sys.modules['attnseq'] = None\n"  # as where it is not installed
        "import numpy, torch\n"
        "program = torch.export.load('model.pt2').module()\n"
        "found = program(*(torch.from_numpy(each) for each in numpy.load('given.npz').values()))\n"
        "numpy.savez('found.npz', **{name: value.detach().numpy() for name, value in found.items()})\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    with np.load(tmp_path / "found.npz") as found:
        check(dict(found), expected(model, task, arrays), task)


@ONNX
@pytest.mark.parametrize("case", ["digits", "an end symbol", "a table of lengths"])
def test_onnx_runtime_predicts_as_the_model(case: str) -> None:
    import onnxruntime

    model, task = built(case)
    session = onnxruntime.InferenceSession(as_onnx(model, task, {"seed": 7}))
    said = json.loads(session.get_modelmeta().custom_metadata_map["interface"])
    assert said["seed"] == 7
    names = list(said["outputs"])
    assert [each.name for each in session.get_outputs()] == names
    assert [each.name for each in session.get_inputs()] == list(said["inputs"])
    arrays = given(task)
    for size in (SIZE, 1):
        feeds = dict(zip(said["inputs"], (each[:size] for each in arrays), strict=True))
        answers = dict(zip(names, session.run(None, feeds), strict=True))
        check(answers, expected(model, task, arrays), task, size)


def test_without_onnx_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    model, task = built("digits")
    with pytest.raises(ValueError, match=r'an .onnx file needs onnx and onnxscript: pip install "attnseq\[onnx\]"'):
        as_onnx(model, task, {})


def test_parameters_are_plain_tensors_under_their_names() -> None:
    model, task = built("element-wise")
    state = torch.load(io.BytesIO(as_state_dict(model, task, {})), weights_only=True)
    assert list(state) == [name for name, _ in model.named_parameters()]
    other, _ = built("element-wise")
    with torch.no_grad():
        for value in other.parameters():
            value.zero_()
    other.load_state_dict(state)
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))


def test_inputs_that_no_straight_line_scales_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model, task = built("states")
    assert isinstance(task.spec.inputs, Reals)
    monkeypatch.setattr(type(task), "encode", lambda task, values: np.sign(values))
    with pytest.raises(ValueError, match="not scaled by a straight line"):
        as_program(model, task, {})


def test_each_form_has_a_suffix() -> None:
    assert list(FORMS) == ["pt2", "onnx", "pt"]


def test_ctrl_c_stops_tracing_whatever_pytorch_makes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model, task = built("digits")

    def interrupted(*arguments: Any, **named: Any) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise TypeError("failed to unpack the object") from error

    monkeypatch.setattr(torch.export, "export", interrupted)
    before = logging.root.manager.disable, signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        as_program(model, task, {})
    assert (logging.root.manager.disable, signal.getsignal(signal.SIGINT)) == before


def test_a_truth_that_no_program_can_hold_is_refused_in_one_line() -> None:
    model, task = built("an oracle")
    model.truth = lambda batch: torch.from_numpy(batch.inputs.numpy()).double()
    with pytest.raises(
        ValueError, match=r"^the model is given its task's relevance, which cannot be a part of a program"
    ):
        as_program(model, task, {})
