"""Draw the pictures of trained runs again, without training: `python -m attnseq.plot RUN ... [KEY=VALUE ...]`.

    RUN                    a run's folder, or one with runs below it, such as outputs/tutorial
    format=png,pdf,svg     one or more of these; png unless given
    out=FOLDER             where to write; unless given, into each run's own folder
    plugins=my_package     modules with the choices that the runs were trained with

They are those that training writes: attention and loss, from what a run's folder keeps. Of a run that is not finished
there are its losses so far. With several runs, each has a folder of its own below `out`.
Exit status: 0; 1 where a run could not be drawn or nothing can be written; 2 for bad input; 130 after Ctrl-C.
"""

import sys

from attnseq.commandline.arguments import choose, fail, new_folder, parse
from attnseq.commandline.output import enduring_output, quiet_stop
from attnseq.core.keys import ConfigError
from attnseq.report.style import FORMATS


@enduring_output()
@quiet_stop()
def main() -> None:
    """Run the command; see above."""
    folders, options = parse(sys.argv[1:], __doc__, ("format", "out", "plugins"))
    forms = choose("format", options.get("format", "png"), FORMATS)
    out = new_folder("out", options["out"]) if "out" in options else None
    from attnseq.api.find import find  # with PyTorch, which --help does without
    from attnseq.api.plotting import plot
    from attnseq.api.run import RunError
    from attnseq.runs.seen import as_seen

    plugins = list(filter(None, options.get("plugins", "").strip("[]").split(",")))
    failed = False
    try:
        found = [run for folder in folders for run in find(folder, plugins=plugins)]
        runs = list({run.path.resolve(): run for run in found}.values())  # one folder may lie in another
        if not runs:
            fail(f"no runs in {', '.join(map(str, folders))}", 1)
        for drawn in plot(runs, forms, out):
            if isinstance(drawn, RunError):
                failed = True
                print(drawn, file=sys.stderr)
            else:
                print(as_seen(drawn.absolute()))
    except RunError as error:
        fail(str(error), 1)
    except ConfigError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror or error}", 1)
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
