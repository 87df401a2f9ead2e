"""Predict the sequences in a file with a model that was trained on such a file: `python -m attnseq.predict RUN FILE`.

    RUN                    a run's folder, such as outputs/hours/lstm_attention,table/seed=1337
    FILE                   a file of the form that dataset.path had: the same columns; the answers' may be missing
    out=predictions.csv    where to write, with commas, or tabs in a .tsv file; unless given, to standard output
    plugins=my_package     modules with the choices that the run was trained with

Each row has the id of a sequence, the prediction, the true answer where FILE has it, and the attention to each
position. Windows are named by the last time step that is seen; those whose answer is yet to come are predicted, too.
Exit status: 0; 1 where the run cannot be used or nothing can be written; 2 for bad input; 130 after Ctrl-C.
"""

import sys
from pathlib import Path

from attnseq.commandline.arguments import fail, parse_run
from attnseq.commandline.output import enduring_output, quiet_stop
from attnseq.core.files import write_atomically


@enduring_output()
@quiet_stop()
def main() -> None:
    """Run the command; see above."""
    folder, words, options = parse_run(sys.argv[1:], __doc__, "FILE", ("out", "plugins"))
    if len(words) > 1:
        fail(f"one FILE at a time, not {len(words)}: {' '.join(words)}")
    out = options.get("out", "")
    if "out" in options and (not out or Path(out).is_dir() or Path(out).absolute() == Path(words[0]).absolute()):
        fail(f"out={out}: must name a file, and another one than FILE")
    from attnseq.api.command_run import command_run
    from attnseq.api.predicted_file import as_table, as_text, predict_file  # with PyTorch, which --help does without

    with command_run(folder, options, out) as run:
        seen, samples = predict_file(run, words[0])
        text = as_text(as_table(seen, samples, run.task.position_names), out)
        if out:
            write_atomically(Path(out), text.encode())
    print(f"{out}: {samples.size} sequences" if out else text, end="\n" if out else "")


if __name__ == "__main__":
    main()
