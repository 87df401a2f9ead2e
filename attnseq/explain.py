"""Show what a trained model makes of sequences, and what it attends to: `python -m attnseq.explain RUN SEQUENCE ...`.

    RUN                    a run's folder, such as outputs/tutorial/mlp_attention/seed=1337
    SEQUENCE               tokens as a string of digits (2841907365) or of the task's own characters ("3 May 1998"), or
                           numbers or names of tokens with commas between them (0.1,0.7,0.3)
    beam=4                 beginnings that beam search keeps, 1 (the default) to 16, where the model writes an answer
                           token after token
    out=picture.png        a picture, too: a panel for each sequence; .png, .pdf or .svg
    plugins=my_package     modules with the choices that the run was trained with

For each sequence: prediction, the exact answer where the task knows it, and a bar a position; for answers of several
tokens the alignment, darker for more weight, with a star at the true one. Attention is that of this sequence alone.
Exit status: 0; 1 where the run cannot be used or nothing can be written; 2 for bad input; 130 after Ctrl-C.
"""

import sys

from attnseq.commandline.arguments import new_file, parse_run
from attnseq.commandline.output import enduring_output, quiet_stop
from attnseq.core.files import write_atomically
from attnseq.report.style import FORMATS


@enduring_output()
@quiet_stop()
def main() -> None:
    """Run the command; see above."""
    folder, words, options = parse_run(sys.argv[1:], __doc__, "SEQUENCE", ("beam", "out", "plugins"))
    out = new_file("out", options["out"], FORMATS) if "out" in options else None
    from attnseq.api.command_run import command_run
    from attnseq.api.explanation import explained  # with PyTorch, which --help does without
    from attnseq.api.explanation_picture import explanation_picture
    from attnseq.report.terminal import put, terminal_console

    with command_run(folder, options, out) as run:
        its = explained(run, words, _beam(options.get("beam", "1")))
        text = its.text()
        if out is not None:
            write_atomically(out, explanation_picture(its, out.suffix.lower().removeprefix(".")), durable=False)
    put(terminal_console(), text)
    if out is not None:
        print(out)


def _beam(text: str) -> int:
    """Read a number; what it may be is checked where it is used."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"beam={text}: must be a whole number, 1 to 16")
    return int(text)


if __name__ == "__main__":
    main()
