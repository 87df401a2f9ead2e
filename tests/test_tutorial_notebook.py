"""docs/tutorial.ipynb: it runs from the first cell to the last, and what is committed was made by such a run."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"
PLACES = re.compile(r"/(?:home|root|tmp|work|Users|opt|var)/")


def read() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells() -> list[Any]:
    return [cell for cell in read().cells if cell.cell_type == "code"]


def outputs(cell: Any) -> list[str]:
    """What a cell printed or shows as text."""
    texts = [output.get("text", output.get("data", {}).get("text/plain", "")) for output in cell.outputs]
    return [str(text) for text in texts]


def test_it_runs_at_tiny_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTNSEQ_TUTORIAL", "tiny")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = read()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()  # raises where a cell does
    printed = "\n".join(text for cell in notebook.cells if cell.cell_type == "code" for text in outputs(cell))
    assert "6 of 6 runs finished" in printed
    assert "exact 9 1 4 8 2" in printed
    assert "Traceback" not in printed
    pictures = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 4
    assert {path.name for path in tmp_path.iterdir()} >= {"outputs", "days.csv", "sample.png", "seasons.pt2"}


def test_all_of_it_was_run_in_order() -> None:
    assert [cell.execution_count for cell in code_cells()] == list(range(1, len(code_cells()) + 1))
    assert not [output for cell in code_cells() for output in cell.outputs if output.output_type == "error"]
    assert not [output for cell in code_cells() for output in cell.outputs if output.get("name") == "stderr"]


def test_it_names_no_place_of_the_machine_that_ran_it() -> None:
    texts = [text for cell in code_cells() for text in [cell.source, *outputs(cell)]]
    assert not [text for text in texts if PLACES.search(text)]


def test_its_links_are_there() -> None:
    links = [
        link
        for cell in read().cells
        if cell.cell_type == "markdown"
        for link in re.findall(r"\]\(([^)]+)\)", cell.source)
    ]
    assert links
    assert not [link for link in links if not (NOTEBOOK.parent / link).exists()]
