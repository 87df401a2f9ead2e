"""Lines of a list of runs fit 80 columns on a terminal, where the folder of several runs stands above them."""

from pathlib import Path

from run_folders import run_config, write_run, write_unfinished, written_at

from attnseq.runs.listing import TRAINING, listing, state
from attnseq.runs.reading import UNFINISHED, find_runs


def test_on_a_terminal_runs_of_a_folder_have_short_lines(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_run(tmp_path / f"{'x' * 100}/seed={seed}")
    runs = find_runs([tmp_path])
    heading, above, *lines = listing(runs, ["finished"] * 2, narrow=True)
    assert above == str(tmp_path / ("x" * 100))
    assert [line.split()[-1] for line in lines] == ["seed=1", "seed=2"]
    assert max(map(len, [heading, *lines])) <= 80


def test_time_left_is_of_runs_in_training(tmp_path: Path) -> None:
    write_unfinished(tmp_path / "seed=1", run_config(), epochs=1)
    written_at(tmp_path / "seed=1", 1000.0)
    runs = find_runs([tmp_path])
    assert state(runs[0]) == UNFINISHED
    waiting, trained = (list(listing(runs, [shown], False, now=1001.0))[1] for shown in (UNFINISHED, TRAINING))
    assert waiting.split()[4] == "-"
    assert trained.split()[4] == "0:02"  # two epochs of 1.5 s, a second ago
    assert trained.endswith(f"  {tmp_path / 'seed=1'}")
