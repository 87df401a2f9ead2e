"""List runs and how far each is: `python -m attnseq.status outputs/NAME ...`. Nothing is written.

States: finished, diverged (a loss was not finite), training (a process holds the run's lock), unfinished (the same
command goes on with it), damaged. Beside them: epochs done and asked for; the last loss, of the validation samples;
seconds an epoch, lately, of a run in a population its share; what is left of a run in training; and how long ago it
last wrote. Exit status: 0; 1 where no run was found; 2 for bad input.
"""

import sys
from collections import Counter

from attnseq.commandline.arguments import fail, parse
from attnseq.commandline.output import enduring_output
from attnseq.report.terminal import put, terminal_console
from attnseq.runs.listing import TRAINING, listing, state
from attnseq.runs.reading import STATES, find_runs


@enduring_output()
def main() -> None:
    """Run the command; see above."""
    folders, _ = parse(sys.argv[1:], __doc__)
    console = terminal_console()
    try:
        runs = find_runs(folders)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 1)
    if not runs:
        fail(f"{', '.join(map(str, folders))}: no runs", 1)
    states = list(map(state, runs))
    for text in listing(runs, states, console.is_terminal):
        put(console, text)
    counts = Counter(states)
    parts = [f"{counts[name]} {name}" for name in (*STATES, TRAINING) if counts[name]]
    console.print(f"{len(runs)} run{'s' * (len(runs) != 1)}: {', '.join(parts)}")


if __name__ == "__main__":
    main()
