"""The measurements of `benchmark.py check`: figures by their names in docs/performance.md."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks import busy as busy_module
from benchmarks import grid, memory
from benchmarks import sweep as sweep_module
from benchmarks.contest import attnseq, compete, compete_once
from benchmarks.contestants.job import LSTM, MLP
from benchmarks.output import Row
from benchmarks.peers import POPULATION, SAMPLES, entries
from benchmarks.process import call

Figures = dict[str, float | None]

NAMES = {(MLP, 1): "MLP", (MLP, 32): "32 MLPs", (LSTM, 1): "LSTM", (LSTM, 8): "8 LSTMs"}
UNNAMED = {MLP: ("Keras", "alone", "uncompiled"), LSTM: ("Keras", "alone")}  # contestants that no ratio names
SMALL = [cell for cell in grid.ALL if cell.model == MLP or cell.runs == 2 or (cell.runs, cell.steps) == (8, 625)]
SMALL += [grid.Cell(LSTM, 8, 2_500)]
ARTICLE = 300_000  # samples of an epoch


def peers(figures: Figures, scratch: Path) -> float:
    """Measure ratios to the peers; return us a sample of PyTorch's MLP."""
    us: dict[tuple[str, str], float | None] = {}
    for (model, replicas), name in NAMES.items():
        field = entries(model, replicas, SAMPLES[model], 2)
        field = [entry for entry in field if not any(word in entry.name for word in UNNAMED[model])]
        us |= {(name, row["contestant"].partition(":")[0]): row["us"] for row in compete(field, 3, scratch)}
    figures |= peer_ratios(us)
    return min(us["MLP", f"PyTorch, threads={threads}"] or 0.0 for threads in (1, 2))


def peer_ratios(us: Mapping[tuple[str, str], float | None]) -> Figures:
    """Compute how many times as fast attnseq is as others, from us by model and contestant."""

    def ratio(peer: float | None, ours: float | None) -> float | None:
        return None if peer is None or ours is None else peer / ours

    ratios: Figures = {}
    for name in ("MLP", "LSTM"):
        loops = [us[name, f"PyTorch, threads={threads}"] for threads in (1, 2)]
        fastest = min((loop for loop in loops if loop is not None), default=None)
        ratios[f"{name}, times JAX scan"] = ratio(us[name, "JAX scan"], us[name, "attnseq"])
        ratios[f"{name}, times PyTorch"] = ratio(fastest, us[name, "attnseq"])
    for name in ("32 MLPs", "8 LSTMs"):
        ratios[f"{name}, times JAX vmap"] = ratio(us[name, "JAX scan and vmap"], us[name, "attnseq"])
    one, population = (us[name, "attnseq, uncompiled"] for name in ("LSTM", "8 LSTMs"))
    ratios["LSTM uncompiled, times PyTorch"] = ratio(us["LSTM", "PyTorch, threads=1"], one)
    ratios["8 LSTMs uncompiled, of one"] = ratio(population, one)
    return ratios


def busy(figures: Figures, scratch: Path) -> None:
    """Measure what neighbours cost."""
    for model in (MLP, LSTM):
        one, population, pair = busy_module.measure(model, SAMPLES[model], busy_module.PAIR[model][1], 2, 2, scratch)
        name = NAMES[model, 1]
        figures[f"{name}, neighbour"] = one["times"]
        figures[f"{NAMES[model, POPULATION[model]]}, neighbour"] = population["times"]
        figures[f"two commands of 4 {name}s"] = pair["times"]


def start(figures: Figures, scratch: Path) -> None:
    """Measure how long a newcomer waits."""
    for model, name in ((MLP, "MLP"), (LSTM, "LSTM")):
        entry = attnseq(model, 1, ARTICLE, 0)
        colds, warms = [], []
        for turn in range(3):
            cold, warm = (compete_once(entry, scratch, f"start_{model}_{turn}")["first"] for _ in range(2))
            colds.append(cold)
            warms.append(warm)
        figures[f"{name}, first step, cold"] = median(colds)
        if model == MLP:
            figures[f"{name}, first step, warm"] = median(warms)
    folder = scratch / "few"
    few = ["dataset.train_size=640", "trainer.epochs=1", "trainer.compile=false", f"hydra.sweep.dir={folder}"]
    call(["-m", "attnseq.train", "-m", "seed=0,1", *few], scratch, "start")
    for name, arguments in (("--help", ["attnseq.train", "--help"]), ("status", ["attnseq.status", str(folder)])):
        figures[name] = median(call(["-m", *arguments], scratch, "start")[1] for _ in range(5))


def many(figures: Figures, scratch: Path) -> None:
    """Measure what many runs cost."""
    figures["1,024 MLPs"] = call(sweep_module.command_of(MLP, "fused", 1_024, 4, 20_000), scratch, "many")[1]
    few, more = (memory.measure(MLP, runs, ARTICLE, scratch) for runs in (32, 128))
    figures["one run more"] = (more - few) * 2**20 / 1e6 / (128 - 32)


def grids(figures: Figures, scratch: Path) -> None:
    """Measure whether fused with compile=auto chooses well."""
    figures["auto, of the best choice"] = grid.worst([grid.measure(cell) for cell in SMALL])


def sweeps(figures: Figures, pytorch_us: float, scratch: Path) -> None:
    """Measure whole commands beside the basic launcher, and beside the steps of plain PyTorch loops."""
    given = argparse.Namespace(epochs=2, samples=ARTICLE, warm=False)
    for model, runs in sweep_module.RUNS.items():
        rows: list[Row] = [sweep_module.launch(model, which, runs, given, scratch) for which in ("fused", "basic")]
        figures[f"{NAMES[model, runs]}, times basic"] = rows[1]["whole_cold"] / rows[0]["whole_cold"]
    command = sweep_module.command_of(MLP, "fused", 32, 10, ARTICLE)
    _, warm = [call(command, scratch, "article")[1] for _ in range(2)]
    figures["32 MLPs, times PyTorch's steps"] = 32 * 10 * ARTICLE * pytorch_us / 1e6 / warm
