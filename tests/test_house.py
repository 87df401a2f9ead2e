"""Imports point down the house, never up, and there is no circle: what its design says of the rooms."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import attnseq

HOUSE = Path(attnseq.__file__).parent

ROOMS = (
    *("api", "commandline", "article", "analysis", "comparison", "sweep", "runs", "report", "training", "scores"),
    *("metrics", "objectives", "models", "layers", "datasets", "tables", "contracts", "core"),
)
"""From the top to the bottom; commands stand above all of them."""

COMMANDS = {
    *("__main__", "train", "compare", "status", "analyse", "reproduce", "claims", "explain", "predict", "board"),
    *("plot", "export"),
}


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name, `attnseq` left out."""
    found = {}
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name and parts[0] != "conf":
            found[name] = path
    return found


MODULES = modules()


def imports(path: Path, everywhere: bool) -> Iterator[str]:
    """Modules of the house that one imports when it runs; types alone, which are imported by checkers, do not count.

    Args:
        path: of the module.
        everywhere: also within functions, which run later.
    """
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.FunctionDef | ast.Lambda) and not everywhere:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "attnseq":
            for alias in node.names:
                name = f"{node.module}.{alias.name}".removeprefix("attnseq.")
                yield name if name in MODULES else str(node.module).removeprefix("attnseq.")
        if isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("attnseq.") for alias in node.names if alias.name.startswith("attnseq.")
            )
        waiting += ast.iter_child_nodes(node)


def room(name: str) -> str:
    return name.split(".")[0]


def test_nothing_stands_loose_but_the_commands() -> None:
    assert {name for name, path in MODULES.items() if "." not in name and path.name != "__init__.py"} == COMMANDS
    assert {room(name) for name in MODULES} - COMMANDS == set(ROOMS)


@pytest.mark.parametrize("name", MODULES)
def test_no_import_points_up(name: str) -> None:
    places = {each: number for number, each in enumerate(ROOMS)} | dict.fromkeys(COMMANDS, -1)
    upwards = [other for other in imports(MODULES[name], everywhere=True) if places[room(other)] < places[room(name)]]
    assert not upwards


def test_there_is_no_circle() -> None:
    graph = {name: set(imports(path, everywhere=False)) - {name} for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_the_house_imports_something() -> None:
    assert {"runs.config", "core.keys"} <= {other for path in MODULES.values() for other in imports(path, True)}
