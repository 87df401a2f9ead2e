"""Which variant is best, by how much, how surely: `python -m attnseq.compare outputs/NAME ... [KEY=VALUE ...]`.

    group=model.name,trainer.learning_rate   keys of the config that name variants; else all that differ, seeds aside
    sort=loss/test                           what is best; else loss/validation, which leaves the test figures unbiased
    metrics=loss/test,seconds                columns; else losses, metrics of the test samples, attention, seconds
    out=FOLDER                               for compare.csv, .md, .json and pictures; else the folder given
    tensorboard=FOLDER                       a TensorBoard run a variant there: mean, lowest and highest seed by epoch
    plugins=my_package.metrics               modules whose metrics and scores the runs have, for direction and limits

Means over seeds have 95 % intervals: Student's t below 30 seeds, bootstrap of the mean from 30 on. In the files they
end where the metric does, a share's at 0 and 1. Differences to the best are tested by t at 5 %, paired on the seeds
that both have (where these are half of the fewer), each for itself: of 20 that are as good as the best, one is marked
worse by chance. compare.csv has p-values, and Holm's correction of them. The best is the first by its mean that no
other beats in such a test; where seeds are missing, its mean need not be the smallest.
Exit status: 0; 1 where no run could be compared, or nothing could be written; 2 for bad input.
"""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from attnseq.commandline.arguments import choose, fail, new_folder, output_folder, parse
from attnseq.commandline.output import enduring_output
from attnseq.comparison.comparison import Comparison, compare, known_metrics
from attnseq.comparison.export import write_report
from attnseq.comparison.measures import SORT, usual
from attnseq.comparison.own_folders import NotOwnError
from attnseq.comparison.table import print_comparison
from attnseq.comparison.text import absent
from attnseq.comparison.variants import config_keys, naming_keys
from attnseq.core import plugins
from attnseq.core.keys import ConfigError
from attnseq.report.terminal import terminal_console
from attnseq.runs.reading import RunRecord, find_runs, run_folders


def compare_as_asked(runs: Sequence[RunRecord], options: Mapping[str, str]) -> Comparison:
    """Make the comparison that the command line asks for; end the program where that is not possible."""
    known = known_metrics(runs)
    if not known:
        fail("; ".join(["no finished run to compare", *absent(runs, 3)]), 1)
    keys = choose("group", options["group"], config_keys(runs)) if "group" in options else naming_keys(runs)
    shown = choose("metrics", options["metrics"], known) if "metrics" in options else usual(known)
    (sort,) = choose("sort", options.get("sort", SORT), known, single=True)
    return compare(runs, keys, shown, sort)


def write_tensorboard(comparison: Comparison, folder: Path) -> str:
    """Write a TensorBoard run a variant; return the command that shows them, and end the program where it cannot."""
    from attnseq.comparison.seed_curves import write_curves  # with TensorBoard, which nothing else here needs

    try:
        write_curves(comparison, folder)
    except NotOwnError as error:
        fail(f"tensorboard={error}")
    except OSError as error:
        fail(f"tensorboard={folder}: cannot be written ({error.strerror})", 1)
    return f"tensorboard --logdir {shlex.quote(str(folder))}"


@enduring_output()
def main() -> None:
    """Run the command; see above."""
    folders, options = parse(sys.argv[1:], __doc__, ("group", "sort", "metrics", "out", "tensorboard", "plugins"))
    out = output_folder(folders, options.get("out"))
    curves = new_folder("tensorboard", options["tensorboard"]) if "tensorboard" in options else None
    plugins.add(filter(None, options.get("plugins", "").strip("[]").split(",")))
    try:
        runs = find_runs(folders)
        for folder in folders:
            if not any(run_folders(folder)):
                print(f"{folder}: no runs in it", file=sys.stderr)
        comparison = compare_as_asked(runs, options)
    except ConfigError as error:  # a plugin raised it
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 1)
    shown = [write_tensorboard(comparison, curves)] if curves else []
    try:  # write before printing, which `| head` may cut short
        written, unwritten = write_report(comparison, out), ""
    except OSError as error:
        written = []
        unwritten = f"{out}: cannot be written ({error.strerror}): no compare.csv; out=FOLDER says where to write"
    console = terminal_console()
    print_comparison(comparison, console)
    for line in [*map(str, written), *shown]:  # whole, to be copied
        console.print(line, soft_wrap=True)
    if unwritten:
        fail(unwritten, 1)


if __name__ == "__main__":
    main()
