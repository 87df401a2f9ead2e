"""The way is chosen by measured costs, the compiler is asked for only where it is needed, and what it took is learnt.

Shapes: P replicas.
"""

from pathlib import Path

import pytest
import torch
from tiny_population import CPU, call_of, fresh, recipe, settings

from attnseq.training import building
from attnseq.training.building import Builder, CompilationError
from attnseq.training.compiling import missing_compiler
from attnseq.training.execution import COMPILED, TRACED, WRITTEN, Execution, Learnt
from attnseq.training.order import random_order
from attnseq.training.population import initial_state
from attnseq.training.replicas import Population

REPLICAS = 2


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nothing has been compiled or learnt."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(building, "_fastest", lambda call, device: 0.01)
    return tmp_path / "cache" / "attnseq"


def population_of(name: str) -> Population:
    its = recipe(name)
    orders = [random_order(seed, 6) for seed in range(REPLICAS)]
    return Population(its, initial_state(fresh(its, REPLICAS)), settings(REPLICAS), orders)


@pytest.fixture
def population() -> Population:
    return population_of("mlp")


def builder_of(population: Population, shards: int = 1) -> Builder:
    padding = [torch.zeros_like(values) for values in call_of(population.recipe, REPLICAS, 1)]
    return Builder(population, padding, shards)


def test_few_steps_are_taken_as_written_and_many_compiled(
    population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "missing_compiler", lambda _: "")
    assert builder_of(population).choose("auto", 1).way == WRITTEN
    assert builder_of(population, 2).choose("auto", 10**9).way == COMPILED
    assert builder_of(population, 2).choose("auto", 10**9).shards == 2


def test_without_a_compiler_nothing_is_compiled_and_that_is_told(
    population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "missing_compiler", lambda _: "no C++ compiler is here")
    assert builder_of(population, 2).choose("auto", 10**9) == Execution(TRACED, "no C++ compiler is here")


def test_with_true_nothing_is_measured(population: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(building, "_fastest")
    assert builder_of(population, 2).choose("true", 1) == Execution(COMPILED, "trainer.compile=true", 2)


def test_what_is_in_the_cache_is_used_at_once_and_asks_for_no_compiler(
    population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "missing_compiler", lambda _: "no C++ compiler is here")
    builder = builder_of(population)
    builder._path.parent.mkdir(parents=True)
    builder._path.touch()
    monkeypatch.delattr(building, "_fastest")  # and nothing is measured
    assert builder.choose("auto", 1).way == COMPILED


@pytest.mark.parametrize("name", ["mlp", "query", "noisy drawn"])
def test_measuring_and_building_leave_the_population_as_it_is(name: str) -> None:
    population = population_of(name)
    before = [value.clone() for value in population.state]
    builder = builder_of(population)
    builder.choose("auto", 1)
    builder.build(Execution(TRACED))
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(population.state, before, strict=True))


def test_another_program_has_another_place_in_the_cache(population: Population) -> None:
    whole, halves = builder_of(population), builder_of(population, 2)
    assert whole._path == builder_of(population)._path
    assert whole._path != halves._path
    assert builder_of(population_of("noisy"))._path != whole._path
    other = builder_of(population)
    other._options = {"cpp.threads": 2}
    assert other._path != whole._path


def test_what_a_traced_step_takes_is_learnt(population: Population, cache: Path) -> None:
    before = [value.clone() for value in population.state]
    builder = builder_of(population)
    builder.build(Execution(TRACED))
    operations = builder._digest.operations
    learnt = Learnt(cache / "rates_cpu.json").read()
    assert learnt.keys() == {"tracing", f"traced/{operations}"}
    assert learnt[f"traced/{operations}"] == 1  # by the clock of these tests every step takes as long
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(population.state, before, strict=True))


@pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU) or "nothing is missing")
def test_what_compiling_took_is_learnt_once(population: Population, cache: Path) -> None:
    before = [value.clone() for value in population.state]
    builder = builder_of(population, 2)
    builder.build(Execution(COMPILED, shards=2))
    operations = builder._digest.operations
    learnt = Learnt(cache / "rates_cpu.json").read()
    assert learnt.keys() == {"tracing", "compiling", f"compiled/{operations}"}
    builder_of(population, 2).build(Execution(COMPILED, shards=2))  # from the cache
    assert Learnt(cache / "rates_cpu.json").read() == learnt
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(population.state, before, strict=True))


def test_a_damaged_library_is_made_anew(population: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    class Loaded:
        def __init__(self, path: Path):
            if len(made) < 2:
                raise OSError("file too short")

        def run(self, lasting: object, calls: object) -> None:
            pass

    monkeypatch.setattr(building, "compile_library", lambda path, *_: made.append(path) or 0.0)
    monkeypatch.setattr(building, "load_library", Loaded)
    builder = builder_of(population)
    builder.build(Execution(COMPILED))
    assert made == [builder._path] * 2


def test_a_cache_that_cannot_be_made_matters_to_the_compiler_alone(
    population: Population, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(building, "missing_compiler", lambda _: "")
    assert builder_of(population).choose("false", 10**9) == Execution(TRACED, "trainer.compile=false")
    assert builder_of(population).choose("auto", 1).way == WRITTEN
    with pytest.raises(CompilationError, match=r"Not a directory|File exists"):
        builder_of(population).build(Execution(COMPILED))
