"""The article's claims, tested over seeds: `python -m attnseq.claims [KEY=VALUE ...]`.

    seeds=4                most seeds of each variant; else 32 of those on which most hangs, and 8 of the others
    trainer.epochs=2       any key of the configs, for all runs alike
    train=false            judge by the runs that are finished; train nothing

It says how long it will take, trains what is not finished, analyses it, and writes claims.md, claims.json and
claims.png into outputs/claims. With `seeds=` or an override it is a quick version: its runs and files go into
outputs/claims_quick, and its verdicts say little. The same command goes on where it was stopped.
Exit status: 0, whatever the verdicts; 1 where runs failed or nothing can be written; 2 for bad input; 130 after Ctrl-C.
"""

import shlex
import sys
from pathlib import Path

from attnseq.commandline.arguments import fail
from attnseq.commandline.claim_options import claim_options, compose_variant
from attnseq.commandline.command_line import errors_in_one_line, register
from attnseq.commandline.output import enduring_output
from attnseq.commandline.wrapping import columns, wrapped
from attnseq.report.terminal import terminal_console
from attnseq.runs.seen import as_seen
from attnseq.training.memory import end_without_collection


@enduring_output()
def main() -> None:
    """Run the command; see above."""
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(wrapped(__doc__ or "", columns()))
        return
    options = claim_options(sys.argv[1:])
    from attnseq.article.claim_runs import VARIANTS, claim_jobs
    from attnseq.article.claim_training import ClaimRuns, judged, write_claims  # PyTorch, which --help does without
    from attnseq.article.claims_report import About, claims_table

    end_without_collection()
    register()
    name = "claims_quick" if options.is_quick else "claims"
    root, console = Path("outputs") / name, terminal_console()
    try:
        with errors_in_one_line(str(root)):
            configs = {each: compose_variant(each.overrides, name, options) for each in VARIANTS}
            runs = ClaimRuns(claim_jobs(configs, root, options.seeds))
            runs.look(options.trains)
            evidence = runs.evidence()
            tested = judged(evidence)
            console.print(claims_table(tested))
            about = About(shlex.join(["python", "-m", "attnseq.claims", *sys.argv[1:]]), options.is_quick, runs.waiting)
            write_claims(root, tested, evidence, about)
    except KeyboardInterrupt:
        fail("stopped; what is finished is kept, and the same command goes on", 130)
    console.print(as_seen((root / "claims.md").absolute()))
    if runs.failures:
        fail("; ".join(runs.failures), 1)


if __name__ == "__main__":
    main()
