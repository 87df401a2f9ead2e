"""Checkpoints: whole or not there, refused in one line where damaged or foreign, and never executed.

Shapes: N parameters of the run.
"""

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from attnseq.training.checkpoint import (
    FORMAT,
    Checkpoint,
    CheckpointError,
    Program,
    check_parameters,
    load_checkpoint,
    save_checkpoint,
)

CONFIG = "model: mlp_attention\nseed: 1\n"


def example() -> Checkpoint:
    numbers = torch.Generator().manual_seed(0)
    parameters_N = torch.randn(300, generator=numbers)
    parameters_N[:3] = torch.tensor([torch.nan, -0.0, 1e-42])  # every bit counts
    state = {"parameters": parameters_N, "updates": torch.tensor(64.0, dtype=torch.float64)}
    return Checkpoint(CONFIG, epoch=3, step=128, state=state, seconds=1.5, epoch_seconds=0.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "checkpoint.pt"
    save_checkpoint(file, example())
    return file


def refuse(path: Path, config: str = CONFIG) -> str:
    """The message with which the file is refused; it is still there afterwards, as it was."""
    content = path.read_bytes()
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path, config)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert str(path) in message
    assert "overwrite=true" in message
    assert path.read_bytes() == content
    return message


def test_what_is_loaded_is_what_was_saved(path: Path) -> None:
    loaded, saved = load_checkpoint(path, CONFIG), example()
    assert loaded is not None
    assert (loaded.config, loaded.epoch, loaded.step) == (CONFIG, 3, 128)
    assert (loaded.seconds, loaded.epoch_seconds) == (1.5, 0.5)
    assert list(loaded.state) == list(saved.state)
    for name, value in saved.state.items():
        assert loaded.state[name].dtype == value.dtype
        assert loaded.state[name].shape == value.shape
        assert loaded.state[name].numpy().tobytes() == value.numpy().tobytes()
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_no_file_is_no_checkpoint(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "checkpoint.pt", CONFIG) is None


def test_another_config_is_refused(path: Path) -> None:
    assert "another config" in refuse(path, CONFIG.replace("1", "2"))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "damaged" in refuse(path)


@pytest.mark.parametrize(
    "content", [b"\0" * 4096, b"not a checkpoint", b"PK\x03\x04" + b"\xff" * 500, b"\x80\x02.", bytes(range(256)) * 8]
)
def test_garbage_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "damaged" in refuse(path)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"format": 9}, "of format 9, not 2 and 3, written by attnseq 7.0; "),
        ({"more": 1}, "with an unknown more, written by attnseq 7.0; "),
        ({"seconds": None}, "without seconds, written by attnseq 7.0; "),
        (
            {"seconds": None, "versions": None},
            "without seconds, written by a version of attnseq that it does not name; ",
        ),
    ],
)
def test_another_version_s_keys_are_named(path: Path, change: dict[str, Any], line: str) -> None:
    content = torch.load(path, weights_only=True) | {"versions": {"attnseq": "7.0"}} | change
    torch.save({key: value for key, value in content.items() if key != "seconds" or value is not None}, path)
    assert line in refuse(path)


def test_a_checkpoint_of_format_2_is_read(path: Path) -> None:
    """It knows neither the shapes nor the versions."""
    content = torch.load(path, weights_only=True) | {"format": 2}
    del content["program"], content["versions"]
    torch.save(content, path)
    loaded = load_checkpoint(path, CONFIG)
    assert loaded is not None
    assert (loaded.epoch, loaded.program, loaded.versions) == (3, None, None)
    check_parameters(path, loaded, {"all": [300]})
    with pytest.raises(
        CheckpointError, match=r"of another model \(it holds 300 numbers, the model has 301\).*overwrite"
    ):
        check_parameters(path, loaded, {"all": [300], "more": []})


@pytest.mark.parametrize(
    ("shapes", "line"),
    [
        ({"a": [2, 3], "b": [4]}, None),
        ({"a": [3, 2], "b": [4]}, "a is 2x3 there, 3x2 here"),
        ({"a": [2, 3], "c": [4]}, "c is missing there; b is unknown here"),
        ({"b": [4], "a": [2, 3]}, "its parameters stand in another order"),
    ],
)
def test_a_checkpoint_belongs_to_names_and_shapes(path: Path, shapes: dict[str, list[int]], line: str | None) -> None:
    save_checkpoint(path, replace(example(), program=Program({"a": [2, 3], "b": [4]}, "digest", "2.13.0")))
    loaded = load_checkpoint(path, CONFIG)
    assert loaded is not None
    if line is None:
        check_parameters(path, loaded, shapes)
        return
    with pytest.raises(CheckpointError) as caught:
        check_parameters(path, loaded, shapes)
    assert str(caught.value).startswith(f"{path}: of another model ({line})")
    assert "overwrite=true" in str(caught.value)


def test_a_changed_byte_is_never_taken_for_a_number(path: Path) -> None:
    """A flipped bit anywhere either has no effect or is found: no run goes on from weights that were never its own."""
    content = path.read_bytes()
    saved = example()
    start = content.index(saved.state["parameters"].numpy().tobytes())
    inside = [start, start + 600, start + 1199]
    for position in inside + list(range(0, len(content), 37)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :])
        try:
            loaded = load_checkpoint(path, CONFIG)
        except CheckpointError:
            continue
        assert position not in inside
        assert loaded is not None
        assert (loaded.epoch, loaded.step, loaded.seconds) == (3, 128, 1.5)
        for name, value in saved.state.items():
            assert loaded.state[name].numpy().tobytes() == value.numpy().tobytes()


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        torch.zeros(3),
        {},
        {"format": FORMAT},
        {"format": FORMAT, "config": CONFIG, "epoch": 0, "step": 0, "state": {}, "seconds": 0.0, "more": 1},
    ],
)
def test_a_torch_file_that_is_no_checkpoint_is_refused(path: Path, content: Any) -> None:
    torch.save(content, path)
    assert "damaged" in refuse(path)


def test_another_format_is_refused(path: Path) -> None:
    torch.save({**torch.load(path), "format": FORMAT + 1}, path)
    assert f"of format {FORMAT + 1}" in refuse(path)


class Payload:
    """Unpickled, it makes a file."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.target),))


@pytest.mark.parametrize("kind", ["torch", "legacy", "pickle"])
def test_a_file_with_code_in_it_is_refused_and_not_executed(path: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "executed"
    content = {"format": FORMAT, "config": CONFIG, "epoch": Payload(target)}
    if kind == "pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "torch")
    refuse(path)
    assert not target.exists()
    if kind == "pickle":  # the payload is one
        pickle.loads(path.read_bytes())
    else:
        torch.load(path, weights_only=False)
    assert target.exists()


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, function, full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, Checkpoint(CONFIG, 4, 0, {}, 2.0, 0.0))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_saved_tensor_does_not_bring_its_neighbours(tmp_path: Path) -> None:
    """A row of a population's state is written as a row, not as the whole population."""
    sizes = []
    for replicas in (1, 100):
        state_PxN = torch.zeros(replicas, 1000)
        save_checkpoint(tmp_path / "row.pt", Checkpoint(CONFIG, 0, 0, {"parameters": state_PxN[0]}, 0.0, 0.0))
        sizes.append((tmp_path / "row.pt").stat().st_size)
    assert sizes[1] == sizes[0]
