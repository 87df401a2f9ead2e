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
from plain_transformer import attention_weights, layer_weights
from tiny_configs import tiny_model

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Reals, Scalar, Spec, Tokens
from attnseq.datasets.add_two_numbers import AddTwoNumbers
from attnseq.models.lstm_attention import LSTMAttention
from attnseq.models.mlp_attention import MLPAttention

SPEC = Spec(Tokens(10, 10), Scalar())
SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture(scope="module", autouse=True)
def benchmarks() -> Iterator[None]:
    """Makes the benchmark's own package importable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        yield


def module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


def pytorch() -> ModuleType:
    return module("contestants.pytorch_loop")


def job(**changes: Any) -> Any:
    """A contestant's job, PyTorch's unless changed."""
    settings = {"module": "pytorch_loop", "settings": {"threads": 1}, "needs": ("torch",), "model": "mlp_attention"}
    return module("contestants.job").Job(**settings | {"replicas": 1, "samples": 64, "epochs": 1} | changes)


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
    ours_B, theirs_B = model(Batch(digits_BxT)).prediction, peer(inputs)
    torch.testing.assert_close(theirs_B, ours_B, rtol=0, atol=1e-7)  # encode() makes float32
    ours_B.square().mean().backward()
    theirs_B.square().mean().backward()
    for name in ("output.weight", "output.bias"):
        gradient = model.get_parameter(name).grad
        torch.testing.assert_close(peer.get_parameter(name).grad, gradient, rtol=1e-5, atol=1e-7)


def digits() -> torch.Tensor:
    numbers = torch.Generator().manual_seed(1)
    return torch.randint(0, 10, (5, 10), generator=numbers, dtype=torch.uint8)


def encoded(model: str, digits_BxT: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(module("contestants.job").encode(model, digits_BxT.numpy())).double()


def test_pytorch_mlp_computes_what_ours_does() -> None:
    model, peer = MLPAttention(SPEC, 10), pytorch().PlainMLP().double()
    peer.load_state_dict(with_weights(model))
    assert_same(model, peer, encoded("mlp_attention", digits()), digits())


def test_pytorch_lstm_computes_what_ours_does() -> None:
    model = LSTMAttention(SPEC, 64, "time", "sigmoid")
    weights = with_weights(model)
    peer = pytorch().PlainLSTM().double()
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
    assert_same(model, peer, encoded("lstm_attention", digits()), digits())


def test_pytorch_transformer_computes_what_ours_does() -> None:
    model = tiny_model("transformer", hidden_size=64, heads=4, feed_forward_size=256).build(Spec(Reals(7), Scalar()))
    weights = with_weights(model)
    peer = module("contestants.transformer_loop").PlainTransformer(7).double()
    renamed = {"positions": 8 * weights["positions.vectors"], "query": 8 * weights["queries.vectors"]}
    for name in ("weight", "bias"):
        renamed |= {
            f"embedding.{name}": weights[f"embedding.{name}"],
            f"encoder.norm.{name}": weights[f"norm.{name}"],
            f"query_norm.{name}": weights[f"reading.attention_norm.{name}"],
            f"feed_forward.0.{name}": weights[f"reading.feed_forward_norm.{name}"],
            f"feed_forward.1.{name}": weights[f"reading.widen.{name}"],
            f"feed_forward.3.{name}": weights[f"reading.narrow.{name}"],
            f"output.0.{name}": weights[f"reading_norm.{name}"],
            f"output.1.{name}": weights[f"output.{name}"],
        }
    renamed |= attention_weights(model.get_submodule("reading.attention"), "reading.")  # type: ignore[arg-type]
    for number in range(2):
        layer, prefix = model.get_submodule(f"layers.{number}"), f"encoder.layers.{number}."
        renamed |= {f"{prefix}{name}": value for name, value in layer_weights(layer).items()}  # type: ignore[arg-type]
    peer.load_state_dict(renamed)
    inputs_BxTx1 = torch.rand(5, 7, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(peer(inputs_BxTx1), model(Batch(inputs_BxTx1)).prediction, rtol=1e-9, atol=1e-12)


def test_the_transformer_s_task_is_ours() -> None:
    inputs_NxTx1, targets_N = module("contestants.transformer_loop").draw(50, 20)
    assert ((inputs_NxTx1 == 0).sum(dim=1) == 2).all()
    exact_N = AddTwoNumbers(20, (1, 1, 1), 0).answers(Batch(inputs_NxTx1))
    torch.testing.assert_close(targets_N.double(), exact_N)


def test_targets_are_the_articles() -> None:
    digits_NxT, targets_N = module("contestants.job").draw_samples(4)
    weights = [100, 10, 1]
    assert targets_N == pytest.approx(abs(digits_NxT[:, 1:4] @ weights - 1.0 * (digits_NxT[:, 5:8] @ weights)) / 1000)


def test_an_entry_is_trained_in_a_process_of_its_own(tmp_path: Path) -> None:
    contest = module("contest")
    done = contest.compete_once(contest.Entry("PyTorch", job()), tmp_path)
    assert len(done["us"]) == 1  # the first epoch is not counted
    assert 0 < done["first"] < done["seconds"]
    assert 0 < done["loss"] < 1


def test_attnseq_trains_the_populations_epochs() -> None:
    contestant, jobs = module("contestants.attnseq_trainer"), module("contestants.job")
    clock = jobs.Clock(job(module="attnseq_trainer", settings={}, replicas=2), 0.0)
    with pytest.raises(jobs.Enough):
        contestant.train(clock.job, clock, ["trainer.compile=false", "dataset=abs_difference"])
    assert (len(clock.ends), clock.note.startswith("not compiled")) == (2, True)
    first = jobs.Clock(job(module="attnseq_trainer", settings={}, epochs=0), 0.0)
    with pytest.raises(jobs.Enough):
        contestant.train(first.job, first, ["trainer.compile=false", "dataset=abs_difference"])
    assert first.first is not None
    assert not first.ends


@pytest.mark.parametrize("model", ["mlp_attention", "lstm_attention"])
def test_products_are_those_of_a_step(model: str) -> None:
    """Twice a forward product's work for the gradients, but for what is not asked: data's, the first hidden state's."""
    products = module("contestants.products").products_of(model, 32)
    work = sum(rows * inner * columns for rows, inner, columns in products)
    dense = 2 * 32 * 10 * 10 + 3 * 32 * 10 * 10 + 3 * 32 * 10
    lstm = 2 * 320 * 10 * 10 + 3 * 320 * 10 * 256 + 3 * 9 * 32 * 64 * 256 + 3 * 32 * 64
    assert work == (dense if model == "mlp_attention" else lstm)


def test_a_peer_that_is_missing_has_a_row_that_says_so(tmp_path: Path) -> None:
    contest = module("contest")
    entry = contest.Entry("JAX scan", job(module="jax_scan", settings={}, needs=("no-such-package", "torch")))
    (row,) = contest.compete([entry], 1, tmp_path)
    assert row["contestant"] == "JAX scan: not installed (no-such-package)"
    assert contest.notes([row]) == [""]
    assert row["us"] is None
    shown = module("output").table(contest.HEADS, contest.FIGURES, [row]).splitlines()[1]
    assert shown.split()[-5:] == ["-"] * 5


def rows_of() -> list[dict[str, Any]]:
    """Two contestants, two rounds: 1 and 5 us a sample, the first step after 2 s and 1 s."""
    contest, rows = module("contest"), []
    for contestant, us in (("attnseq", 1.0), ("PyTorch, threads=2", 5.0)):
        done = {"us": [us, us], "loss": 0.1, "note": "", "peak": 400.4, "versions": {"torch": "2"}}
        rounds = [done | {"first": 2.0}, done | {"first": 1.0}]
        rows.append(contest.summarise(contest.Entry(contestant, job()), rounds))
    return rows


def test_figures_are_those_of_the_rounds() -> None:
    ours, peer = rows_of()
    assert (ours["us"], ours["first_cold"], ours["first_warm"]) == (1.0, 2.0, 1.0)
    assert peer["us_rounds"] == [5.0, 5.0]


def test_table_is_aligned_and_fits() -> None:
    contest, rows = module("contest"), rows_of()
    rows[1] |= {"model": "lstm_attention x 32", "us": 12345.678, "peak": None}
    lines = module("output").table(contest.HEADS, contest.FIGURES, rows).splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 110
    assert lines[1].split() == ["mlp_attention", "attnseq", "1.000", "2.0", "1.0", "400", "0.10000"]
    assert lines[2].split()[-5:] == ["12345.678", "2.0", "1.0", "-", "0.10000"]


def test_a_goal_that_is_not_met_is_said() -> None:
    train, rows = module("train"), rows_of()
    met = train.verdict(rows, 5.0)
    assert met.startswith("mlp_attention: 5.0 times faster than PyTorch as people write it")
    assert "threads=2" in met
    assert "\n" not in met
    assert train.verdict(rows, 6.0) == f"{met}\nmlp_attention: the goal of 6 is not met"


def test_share_of_the_limit() -> None:
    ours, peer = rows_of()
    limit = ours | {"contestant": "products alone", "us": 0.25}
    missing = peer | {"contestant": "JAX scan: not installed (jax)", "us": None}
    times, share = module("peers").verdicts([ours, peer, missing, limit])
    assert times.endswith("in times that of others: 5.00 PyTorch, threads=2")
    assert share.endswith("take 25% of attnseq's time")


def sweep_row(launcher: str, *colds: float) -> dict[str, Any]:
    rounds = [{"steady": 1.0, "whole_cold": cold, "whole_warm": None} for cold in colds]
    return module("sweep").summarise("mlp_attention", f"{launcher}, 32", rounds, 1_000_000)


def test_a_sweeps_ratio_is_that_of_the_whole_commands() -> None:
    verdict, fused, basic = module("sweep").verdict, sweep_row("fused", 50.0), sweep_row("basic", 400.0)
    assert fused["us"] == 50.0
    assert verdict(fused, basic) == "mlp_attention: fused, 32 is 8.0 times as fast as basic, 32"
    assert verdict(fused | {"whole_warm": 20.0}, basic | {"whole_warm": 300.0}).endswith("; 15.0 with a warm cache")
    assert verdict(fused | {"whole_warm": 20.0}, basic).endswith("; 20.0 with a warm cache")  # scripts have none


def test_a_sweeps_figures_are_medians_of_its_rounds() -> None:
    fused, basic = sweep_row("fused", 50.0, 90.0, 40.0), sweep_row("basic", 400.0, 450.0, 440.0)
    assert (fused["whole_cold"], basic["whole_cold"]) == (50.0, 440.0)
    assert module("sweep").verdict(fused, basic).endswith("8.8 times as fast as basic, 32; rounds 5.0 to 11.0")


def test_a_choice_is_wrong_that_is_worse_by_a_share_and_a_second() -> None:
    grid = module("grid")

    def judged(auto: float, basic: float | None) -> dict[str, Any]:
        return grid.judge(grid.ALL[0], auto, {"basic": basic, "compile=true": None, "compile=false": None})

    rows = [judged(10.0, None), judged(1.9, 1.0), judged(11.0, 10.0), judged(12.0, 10.0)]
    assert [row["verdict"] for row in rows] == ["right", "right", "right", "wrong"]
    assert rows[0]["basic"] == ">10.0"  # it was stopped there
    assert grid.worst(rows[:2]) == 1.0
    assert grid.worst(rows) == pytest.approx(1.2)


def test_a_command_is_stopped_at_its_limit(tmp_path: Path) -> None:
    command = module("process").Command(["-c", "import threading; threading.Event().wait()"], tmp_path, "cache")
    assert command.wait(0.0) is None


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="exit status 3\nno way"):
        module("process").call(["-c", "import sys; sys.stderr.write('no way'); sys.exit(3)"], tmp_path, "cache")


def test_neighbours_end_with_the_measurement() -> None:
    process = module("process")
    with process.spinning(2) as spinners:
        assert [spinner.poll() for spinner in spinners] == [None, None]
    assert all(spinner.poll() is not None for spinner in spinners)


def test_times_are_taken_in_turn() -> None:
    idle, busy = iter([1.0, 2.0, 4.0]), iter([2.0, 6.0, 4.0])
    row = module("busy").in_turn(lambda: next(idle), lambda: next(busy), 3)
    assert row == {"idle": 2.0, "busy": 4.0, "times": 2.0}


TABLE = """
| ratio | goal | bound |
|---|---|---|
| MLP, times JAX scan | at least 1.5 | 1.2 |
| LSTM, neighbour | at most 2.2 | |
| 1,024 MLPs | at most 39 s | 50 |
"""


def test_verdicts_of_goals_and_bounds(tmp_path: Path) -> None:
    goals, file = module("goals"), tmp_path / "performance.md"
    file.write_text(TABLE)
    read = goals.read_goals(file)
    assert [str(goal) for goal in read.values()] == ["at least 1.5", "at most 2.2", "at most 39 s"]
    jax, neighbour, seconds = read.values()
    assert [goals.judge(jax, figure) for figure in (1.5, 1.2, 1.1)] == ["reached", "bounded", "missed"]
    assert [goals.judge(neighbour, figure) for figure in (2.2, 2.3, None)] == ["reached", "missed", "not measured"]
    assert [goals.judge(seconds, figure) for figure in (39.0, 50.0, 51.0)] == ["reached", "bounded", "missed"]
    stretched = goals.stretch(read, 2.0)
    assert stretched["1,024 MLPs"][1:3] == (78.0, 100.0)
    assert stretched["LSTM, neighbour"] == neighbour


@pytest.mark.parametrize(("figure", "accepted"), [(1.5, True), (1.3, True), (1.0, False), (None, False)])
def test_all_must_be_accepted(figure: float | None, accepted: bool) -> None:
    goals = module("goals")
    read = {"a": goals.Goal(True, 1.5, 1.2, ""), "b": goals.Goal(False, 2.0, None, "s")}
    rows = goals.judge_all(read, {"a": figure, "b": 1.0})
    assert goals.all_accepted(rows) is accepted


def test_check_measures_what_the_page_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every measurement stands for itself here; the names must be those of docs/performance.md, all of them."""
    figures, goals = module("figures"), module("goals")
    row = {"times": 1.0, "whole_cold": 1.0, "auto": 1.0}
    monkeypatch.setattr(figures, "compete_once", lambda *_: {"first": 1.0})
    monkeypatch.setattr(figures, "call", lambda *_: ("", 1.0))
    monkeypatch.setattr(figures.busy_module, "measure", lambda *_: [row, row, row])
    monkeypatch.setattr(figures.memory, "measure", lambda *_: 1.0)
    monkeypatch.setattr(figures.grid, "measure", lambda _: row)
    monkeypatch.setattr(figures.sweep_module, "launch", lambda *_: row)

    def compete(field: Any, rounds: int, scratch: Path) -> list[dict[str, Any]]:
        return [{"contestant": entry.name, "us": 2.0} for entry in field]

    monkeypatch.setattr(figures, "compete", compete)
    measured: dict[str, float | None] = {}
    assert figures.peers(measured, tmp_path) == 2.0
    for measure in (figures.busy, figures.start, figures.many, figures.grids):
        measure(measured, tmp_path)
    figures.sweeps(measured, 2.0, tmp_path)
    assert set(goals.read_goals()) == set(measured) != set()


def test_ratios_to_a_missing_peer_are_not_measured() -> None:
    names = ("MLP", "LSTM", "32 MLPs", "8 LSTMs")
    contestants = ("attnseq", "attnseq, uncompiled", "PyTorch, threads=1", "PyTorch, threads=2")
    us = {(name, contestant): 2.0 for name in names for contestant in contestants}
    us |= {("MLP", "PyTorch, threads=2"): 1.0} | {(name, "attnseq"): 0.5 for name in names}
    missing = {(name, peer): None for name in names for peer in ("JAX scan", "JAX scan and vmap")}
    ratios = module("figures").peer_ratios(us | missing)
    assert ratios["MLP, times JAX scan"] is ratios["8 LSTMs, times JAX vmap"] is None
    assert ratios["MLP, times PyTorch"] == 2.0  # the faster of its two


def test_every_subcommand_explains_itself() -> None:
    for name in ("peers", "train", "sweep", "busy", "memory", "check"):
        command = [sys.executable, str(SCRIPTS / "benchmark.py"), name, "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert f"benchmark.py {name}" in done.stdout
