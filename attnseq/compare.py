"""Which variant is best, by how much, how surely: `python -m attnseq.compare outputs/NAME ... [KEY=VALUE ...]`.

    group=model.name,trainer.learning_rate   keys of the config that name variants; else all that differ, seeds aside
    sort=loss/test                           what is best; else loss/validation, which leaves the test figures unbiased
    metrics=loss/test,seconds                columns
    out=FOLDER                               for compare.csv, .md, .json and pictures; else the folder given

Means over seeds have 95 % intervals: Student's t below 30 seeds, bootstrap of the mean from 30 on. In the files they
end where the metric does, a share's at 0 and 1. Differences to the best are tested by t at 5 %, paired by seed where
seeds are shared, each for itself: of 20 that are as good as the best, one is marked worse by chance. compare.csv has
p-values, and Holm's correction of them.
Exit status: 0; 1 where no run could be compared, or nothing could be written; 2 for bad input.
"""

import sys
from collections.abc import Mapping, Sequence

from attnseq.analysis.comparison import Comparison, compare, known_metrics
from attnseq.analysis.metrics import DEFAULT, SORT
from attnseq.analysis.variants import config_keys, naming_keys
from attnseq.arguments import choose, fail, output_folder, parse
from attnseq.report.comparison_files import write_report
from attnseq.report.comparison_table import print_comparison
from attnseq.report.comparison_text import absent
from attnseq.report.terminal import terminal_console
from attnseq.runs import RunRecord, find_runs, run_folders


def compare_as_asked(runs: Sequence[RunRecord], options: Mapping[str, str]) -> Comparison:
    """The comparison that the command line asks for; ends the program where that cannot be."""
    known = known_metrics(runs)
    if not known:
        fail("; ".join(["no finished run to compare", *absent(runs, 3)]), 1)
    keys = choose("group", options["group"], config_keys(runs)) if "group" in options else naming_keys(runs)
    shown = choose("metrics", options["metrics"], known) if "metrics" in options else [m for m in DEFAULT if m in known]
    (sort,) = choose("sort", options.get("sort", SORT), known, single=True)
    return compare(runs, keys, shown, sort)


def main() -> None:
    """Entry point; see above."""
    folders, options = parse(sys.argv[1:], __doc__, ("group", "sort", "metrics", "out"))
    out = output_folder(folders, options.get("out"))
    try:
        runs = find_runs(folders)
        for folder in folders:
            if not any(run_folders(folder)):
                print(f"{folder}: no runs in it", file=sys.stderr)
        comparison = compare_as_asked(runs, options)
        console = terminal_console()
        print_comparison(comparison, console)
        for path in write_report(comparison, out):
            console.print(str(path), soft_wrap=True)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 1)


if __name__ == "__main__":
    main()
