"""List runs and how far each is: `python -m attnseq.status outputs/NAME ...`. Nothing is written.

States: finished, diverged (a loss was not finite), training (a process holds the run's lock), unfinished (the same
command goes on with it), damaged. Exit status: 0; 1 where no run was found; 2 for bad input.
"""

import sys
from collections import Counter

from attnseq.commandline.arguments import fail, parse
from attnseq.commandline.output import enduring_output
from attnseq.report.terminal import terminal_console
from attnseq.runs.reading import DAMAGED, STATES, UNFINISHED, RunRecord, find_runs, is_locked

TRAINING = "training"


def state(run: RunRecord) -> str:
    """Return the run's state, or `TRAINING` for one that a process works on right now."""
    return TRAINING if run.state in (UNFINISHED, DAMAGED) and is_locked(run.path) else run.state


def line(run: RunRecord, shown_state: str) -> str:
    """Describe a run in one line: state, epochs, folder, and what is damaged."""
    epochs = "" if run.state == DAMAGED else f"{run.epochs} of {run.total_epochs or '?'} epochs"
    return f"{shown_state:<10}  {epochs:>16}  {run.problem or run.path}"


@enduring_output()
def main() -> None:
    """Run the command; see above."""
    folders, _ = parse(sys.argv[1:], __doc__)
    console = terminal_console()
    counts: Counter[str] = Counter()
    try:
        runs = find_runs(folders)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 1)
    if not runs:
        fail(f"{', '.join(map(str, folders))}: no runs", 1)
    for run in runs:
        shown = state(run)
        counts[shown] += 1
        console.print(line(run, shown), soft_wrap=True)
    parts = [f"{counts[name]} {name}" for name in (*STATES, TRAINING) if counts[name]]
    console.print(f"{len(runs)} run{'s' * (len(runs) != 1)}: {', '.join(parts)}")


if __name__ == "__main__":
    main()
