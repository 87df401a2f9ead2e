"""Checkpoints: whole or not there, refused in one line where damaged or foreign, and never executed.

Shapes: N parameters of the run.
"""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from attnseq.training.checkpoint import (
    FORMAT,
    Checkpoint,
    CheckpointError,
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
    assert "another version" in refuse(path)


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
