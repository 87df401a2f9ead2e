"""Tell whether the attention of trained runs can be believed: `python -m attnseq.analyse RUN ... [KEY=VALUE ...]`.

    RUN                    a run's folder, or one with runs below it, such as outputs/tutorial
    samples=1000           test samples that the models are asked, from the first on
    removal=resampled      how a position is taken away: resampled (another sample's input), zeroed (an encoded 0),
                           removed (from attention's sum)
    epsilon=0.01           the most that adversarial attention may move an answer: of a number as a share of the
                           targets' standard deviation (0.01 unless given), else of probability (0.05 unless given)
    out=FOLDER             for analysis.md and a picture of each variant; else the folder given
    overwrite=true         analyse again what was analysed with the same settings
    plugins=my_package     modules with the choices that the runs were trained with

It holds attention against gradients and leave-one-out, permutes it, opposes it, follows it, and compares it between
seeds. Each run gets analysis.json, whose numbers `python -m attnseq.compare ... metrics=...` takes, too.
docs/faithfulness.md says what each number means. A run that was analysed before, is shown; Ctrl-C loses no more than
the population that is under way. Exit status: 0; 1 where a run could not be analysed or nothing can be written; 2 for
bad input; 130 after Ctrl-C.
"""

import sys

from attnseq.commandline.arguments import choose, fail, output_folder, parse
from attnseq.commandline.output import enduring_output
from attnseq.core import plugins
from attnseq.core.keys import ConfigError


@enduring_output()
def main() -> None:
    """Run the command; see above."""
    folders, options = parse(sys.argv[1:], __doc__, ("samples", "removal", "epsilon", "out", "overwrite", "plugins"))
    (overwrite,) = choose("overwrite", options.get("overwrite", "false"), ("true", "false"), single=True)
    out = output_folder(folders, options.get("out"))
    plugins.add(filter(None, options.get("plugins", "").strip("[]").split(",")))
    try:
        from attnseq.analysis.settings import read_settings

        settings = read_settings(options)
        plugins.load()
        from attnseq.analysis.showing import analyse_and_show  # with PyTorch, which --help does without

        whole = analyse_and_show(folders, settings, out, overwrite == "true")
    except ConfigError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror or error}", 1)
    except KeyboardInterrupt:
        fail("stopped; what is finished is kept, and the same command goes on", 130)
    if not whole:
        sys.exit(1)


if __name__ == "__main__":
    main()
