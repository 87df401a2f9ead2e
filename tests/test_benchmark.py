"""The benchmark compares like with like, and its table can be read. Nothing is timed here.

Shapes: B batch, T positions.
"""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from attnseq.models.lstm_attention import LSTMAttention
from attnseq.models.mlp_attention import MLPAttention

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        yield importlib.import_module("benchmark_train")


def with_weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """`model` in float64 with weights from a fixed seed; its parameters by name."""
    numbers = torch.Generator().manual_seed(0)
    model.double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=numbers, dtype=torch.float64))
    return dict(model.state_dict())


def assert_same(model: torch.nn.Module, peer: torch.nn.Module, inputs: torch.Tensor, digits_BxT: torch.Tensor) -> None:
    """Equal predictions, and equal gradients of what both have under one name."""
    ours_B, theirs_B = model(digits_BxT).prediction, peer(inputs)
    torch.testing.assert_close(theirs_B, ours_B, rtol=0, atol=1e-7)  # encode() makes float32
    ours_B.square().mean().backward()
    theirs_B.square().mean().backward()
    for name in ("output.weight", "output.bias"):
        gradient = model.get_parameter(name).grad
        torch.testing.assert_close(peer.get_parameter(name).grad, gradient, rtol=1e-5, atol=1e-7)


def digits_of(benchmark: ModuleType) -> torch.Tensor:
    numbers = torch.Generator().manual_seed(1)
    return torch.randint(0, benchmark.BASE, (5, benchmark.POSITIONS), generator=numbers)


def test_pytorch_mlp_computes_what_ours_does(benchmark: ModuleType) -> None:
    model = MLPAttention(benchmark.POSITIONS, benchmark.BASE, benchmark.POSITIONS)
    peer = benchmark.MLP().double()
    peer.load_state_dict(with_weights(model))
    digits_BxT = digits_of(benchmark)
    assert_same(model, peer, benchmark.encode("mlp_attention", digits_BxT).double(), digits_BxT.to(torch.uint8))


def test_pytorch_lstm_computes_what_ours_does(benchmark: ModuleType) -> None:
    model = LSTMAttention(benchmark.POSITIONS, benchmark.BASE, benchmark.UNITS, "time", "sigmoid")
    weights = with_weights(model)
    peer = benchmark.LSTM().double()
    peer.load_state_dict(
        {
            "attention.weight": weights["attention.score.weight"],
            "attention.bias": weights["attention.score.bias"],
            "lstm.weight_ih_l0": weights["lstm.kernel"].T,
            "lstm.weight_hh_l0": weights["lstm.recurrent_kernel"].T,
            "lstm.bias_ih_l0": weights["lstm.bias"],
            "lstm.bias_hh_l0": torch.zeros_like(weights["lstm.bias"]),
            "output.weight": weights["output.weight"],
            "output.bias": weights["output.bias"],
        }
    )
    digits_BxT = digits_of(benchmark)
    inputs_BxTxD = benchmark.encode("lstm_attention", digits_BxT).double()
    assert_same(model, peer, inputs_BxTxD, digits_BxT.to(torch.uint8))


def rows_of(benchmark: ModuleType) -> list[dict[str, Any]]:
    """Two contestants, two rounds of 4,608 steps: 1 and 5 us a sample, at a steady pace after a first 2 s."""
    rows = []
    for contestant, us in (("attnseq", 1.0), ("PyTorch, threads=2", 5.0)):
        job = benchmark.Job(contestant, "mlp_attention", 32, "cpu", 4608)
        looks = [(step, 2.0 + 32e-6 * us * step) for step in range(64, 4609, 64)]
        done = {"looks": looks, "note": "", "peak": 400.4}
        rows.append(benchmark.summarise(job, [done, done]))
    return rows


def test_figures_are_those_of_the_rounds(benchmark: ModuleType) -> None:
    ours, peer = rows_of(benchmark)
    assert ours["us"] == pytest.approx(1.0)
    assert peer["us_rounds"] == pytest.approx([5.0, 5.0])
    assert ours["first_cold"] == ours["first_warm"] == pytest.approx(2.002048)


def test_table_is_aligned_and_fits(benchmark: ModuleType) -> None:
    rows = rows_of(benchmark)
    rows[1] |= {"model": "lstm_attention", "us": 12345.678, "whole_cold": 4321.0}
    lines = benchmark.table(benchmark.HEADS, benchmark.FIGURES, rows).splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 100
    assert lines[1].split() == ["mlp_attention", "attnseq", "1.00", "2.0", "2.0", "-", "-", "400"]
    assert lines[2].split()[-6:] == ["12345.68", "2.0", "2.0", "4321.0", "-", "400"]


def test_a_goal_that_is_not_met_is_said(benchmark: ModuleType) -> None:
    rows = rows_of(benchmark)
    met = benchmark.verdict(rows, 5.0)
    assert met.startswith("mlp_attention: 5.0 times faster than PyTorch as people write it")
    assert "threads=2" in met
    assert "\n" not in met
    assert benchmark.verdict(rows, 6.0) == f"{met}\nmlp_attention: the goal of 6 is not met"


def sweep_row(launcher: str, *colds: float) -> dict[str, Any]:
    rounds = [{"us": 1.0, "steady": 1.0, "whole_cold": cold, "whole_warm": None} for cold in colds]
    return importlib.import_module("benchmark_sweep").summarise("mlp_attention", f"{launcher}, 32", rounds)


def test_a_sweeps_ratio_is_that_of_the_whole_commands(benchmark: ModuleType) -> None:
    sweep = importlib.import_module("benchmark_sweep")
    fused, basic = sweep_row("fused", 50.0), sweep_row("basic", 400.0)
    assert sweep.verdict(fused, basic, 8.0) == "mlp_attention: fused is 8.0 times as fast as basic"
    assert sweep.verdict(fused, basic, 10.0).endswith("mlp_attention: the goal of 10 is not met")
    warm = sweep.verdict(fused | {"whole_warm": 20.0}, basic | {"whole_warm": 300.0}, None)
    assert warm.endswith("; 15.0 with a warm cache")


def test_a_sweeps_figures_are_medians_of_its_rounds(benchmark: ModuleType) -> None:
    sweep = importlib.import_module("benchmark_sweep")
    fused, basic = sweep_row("fused", 50.0, 90.0, 40.0), sweep_row("basic", 400.0, 450.0, 440.0)
    assert (fused["whole_cold"], basic["whole_cold"]) == (50.0, 440.0)
    assert fused["whole_warm"] is None
    assert sweep.verdict(fused, basic, None) == (
        "mlp_attention: fused is 8.8 times as fast as basic; rounds 5.0 to 11.0"
    )


def test_every_subcommand_explains_itself() -> None:
    for name in ("train", "sweep", "memory"):
        command = [sys.executable, str(SCRIPTS / "benchmark.py"), name, "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert f"benchmark.py {name}" in done.stdout
