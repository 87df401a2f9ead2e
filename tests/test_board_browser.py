"""TensorBoard as people see it: the real server on a sweep of eight runs, looked at in a real browser."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from processes import LIMIT, wait_until

from attnseq.comparison.run_names import run_names
from attnseq.runs.config import RunConfig
from attnseq.runs.naming import result_config
from attnseq.runs.reading import GROUPS, RunRecord
from attnseq.training.foreign import flatten

browsers = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (extra browser)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt install chromium)")

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SWEEP = (
    *("model=mlp_attention,mlp_plain,lstm_attention,lstm_element", "seed=1,2", "name=seen", "model.hidden_size=4"),
    *("dataset.train_size=200", "dataset.validation_size=64", "dataset.test_size=64", "device=cpu"),
    *("trainer.epochs=3", "trainer.compile=false", "hydra.launcher.workers=1"),
)
NAMES = [f"{model} seed={seed}" for model in ("lstm_attention element", "lstm_attention time") for seed in (1, 2)]
NAMES += [f"mlp_attention {attention} seed={seed}" for attention in ("none", "time") for seed in (1, 2)]

CELL = "runs-data-table tb-data-table-content-row tb-data-table-content-cell:nth-of-type(2) .cell"
"""The name of a run in the sidebar."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the board answers that shows a sweep of eight runs."""
    folder = tmp_path_factory.mktemp("board")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "attnseq.train", "-m", *SWEEP]
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=LIMIT, stdout=subprocess.DEVNULL)
    board = [sys.executable, "-m", "attnseq.board", "outputs/seen", "port=0"]
    with subprocess.Popen(board, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"8 runs, called by what differs: (http://localhost:\d+/) \(Ctrl-C ends it\)\n", line)
        assert found, line
        try:
            wait_until(lambda: is_loaded(found[1]), process)
            yield found[1]
        finally:
            process.terminate()


def is_loaded(address: str) -> bool:
    """Whether TensorBoard has read all runs to their end."""
    with urllib.request.urlopen(f"{address}data/plugin/scalars/tags", timeout=LIMIT) as answer:
        tags = json.load(answer)
    return len(tags) == 8 and all("test/loss" in of_run for of_run in tags.values())


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    """A page of a browser of its own."""
    with browsers.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(LIMIT * 1000)
        yield page
        browser.close()


@pytest.fixture
def tab(page: Any, address: str) -> Callable[[str, str], Any]:
    """`tab(name, selector)`: the page with this tab open, once something that the selector finds is there."""

    def opened(name: str, selector: str) -> Any:
        page.goto("about:blank")  # else the address differs in its fragment alone, and nothing is loaded
        page.goto(f"{address}#{name}")
        page.locator(selector).first.wait_for(state="attached")
        return page

    return opened


def is_whole(cell: Any) -> bool:
    """Whether all of a cell's text is seen: it is not higher than its row, and nothing around it cuts it off."""
    script = """cell => {
        const words = document.createRange();
        words.selectNodeContents(cell);
        const text = words.getBoundingClientRect();
        const row = cell.closest('tb-data-table-content-row').getBoundingClientRect();
        let seen = text.top >= row.top && text.bottom <= row.bottom;
        for (let around = cell; around; around = around.parentElement) {
            const cuts = getComputedStyle(around).overflowX != 'visible';
            seen &&= !cuts || text.right <= around.getBoundingClientRect().right;
        }
        return seen;
    }"""
    return bool(cell.evaluate(script))


def test_runs_are_called_by_what_differs_and_no_name_is_cut_off(tab: Callable[[str, str], Any]) -> None:
    page = tab("timeseries", CELL)
    page.wait_for_function("selector => document.querySelectorAll(selector).length == 8", arg=CELL)
    cells = page.locator(CELL).all()
    assert [cell.inner_text().strip() for cell in cells] == NAMES
    assert all(map(is_whole, cells))


def shipped_names(sweep: str, compose: Callable[..., RunConfig]) -> list[str]:
    """Names of the first and the last seed's runs of a sweep that ships."""
    params = yaml.safe_load((ROOT / "conf" / "experiment" / f"{sweep}.yaml").read_text())["hydra"]["sweeper"]["params"]
    seeds = int(params.pop("seed").removeprefix("range(").removesuffix(")"))
    choices = [[f"{key}={value}" for value in str(values).split(",")] for key, values in params.items()]
    choices.append(["seed=0", f"seed={seeds - 1}"])
    configs = [compose(f"experiment={sweep}", *overrides) for overrides in itertools.product(*choices)]
    records = [RunRecord(Path(), "finished", flat_config(json.loads(result_config(config)))) for config in configs]
    return run_names(records)


def flat_config(config: dict[str, Any]) -> dict[str, Any]:
    """Groups and seed of a config, as they are read from a result."""
    flat = flatten({key: value for key, value in config.items() if key in (*GROUPS, "seed")})
    return {key: tuple(value) if isinstance(value, list) else value for key, value in flat.items()}


@pytest.mark.parametrize("sweep", ["attention_variants", "learning_rate", "sequence_length"])
def test_names_of_the_sweeps_that_ship_are_not_cut_off(
    sweep: str, tab: Callable[[str, str], Any], compose: Callable[..., RunConfig]
) -> None:
    cell = tab("timeseries", CELL).locator(CELL).first
    names = shipped_names(sweep, compose)
    assert len(set(names)) == len(names) > 8
    for name in names:
        cell.evaluate("(cell, name) => { cell.innerText = name }", name)
        assert is_whole(cell), name
    cell.evaluate("cell => { cell.innerText = 'lstm_attention,fast,init=keras,attention=element,seed=1' }")
    assert not is_whole(cell)  # what folders are called


def test_cards_are_in_the_order_in_which_they_are_looked_at(tab: Callable[[str, str], Any]) -> None:
    page = tab("timeseries", "metrics-card-group-toolbar")
    page.wait_for_function("document.querySelectorAll('metrics-card-group-toolbar').length >= 7")
    groups = page.locator("metrics-card-group-toolbar .group-title").all_inner_texts()
    assert groups == ["loss", "metrics", "scores", "steps", "test", "views", "weights of attention"]
    first = page.locator("scalar-card tb-truncated-path").first
    assert first.get_attribute("title") == "loss/train"


def test_histograms_are_called_by_what_stands_at_their_positions(tab: Callable[[str, str], Any]) -> None:
    page = tab("histograms", "tf-histogram-loader")
    headings = page.locator("tf-histogram-loader tf-card-heading")
    tags = headings.evaluate_all("headings => headings.map(heading => heading.tag)")
    assert "weights of attention/0 distractor" in tags
    runs = headings.evaluate_all("headings => headings.map(heading => heading.run)")
    assert not any("none" in run for run in runs)  # the model without attention


def test_images_are_as_wide_as_their_cards(tab: Callable[[str, str], Any]) -> None:
    page = tab("images", "tf-image-loader img")
    images = page.locator("tf-image-loader img")
    images.first.evaluate("image => image.decode()")
    # two of the models with attention by token, and a mean of three variants; the second seed has none
    assert images.count() == 4
    natural, shown = images.first.evaluate("image => [image.naturalWidth, image.clientWidth]")
    assert 0.7 < shown / natural < 1.3


def test_hyperparameters_that_differ_are_ticked_and_the_validation_loss_comes_first(
    tab: Callable[[str, str], Any],
) -> None:
    page = tab("hparams", "tf-hparams-query-pane .metric-checkbox")
    boxes = {
        kind: [
            (box.inner_text().strip(), box.get_attribute("aria-checked"))
            for box in page.locator(f"tf-hparams-query-pane .{kind}-checkbox").all()
        ]
        for kind in ("hparam", "metric")
    }
    assert sorted(boxes["hparam"]) == [("model.attention", "true"), ("model.name", "true"), ("seed", "true")]
    assert boxes["metric"][:2] == [("loss/validation", "true"), ("loss/test", "true")]
    cells = page.locator("tf-hparams-table-view .table-cell")
    page.locator("tf-hparams-table-view").get_by_text(re.compile(r"^\s*lstm_attention\s*$")).first.wait_for()
    texts = [text.strip() for text in cells.all_text_contents()]
    assert {"lstm_attention", "mlp_attention", "element", "1", "2"} <= set(texts)


def test_losses_have_a_chart_together_and_scores_have_three(tab: Callable[[str, str], Any]) -> None:
    page = tab("custom_scalars", "tf-custom-scalar-multi-line-chart-card")
    cards = page.locator("tf-custom-scalar-multi-line-chart-card")
    titles = ["training and validation", "scores", "telling what counts from the rest", "order of positions"]
    assert cards.evaluate_all("cards => cards.map(card => card.title)") == titles
