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
from typing import TYPE_CHECKING

from attnseq.commandline.arguments import choose, fail, refuse_empty
from attnseq.commandline.checking import checked
from attnseq.commandline.command_line import errors_in_one_line, register
from attnseq.commandline.composition import compose_config
from attnseq.commandline.output import enduring_output
from attnseq.commandline.wrapping import columns, wrapped
from attnseq.report.formats import format_seconds
from attnseq.report.terminal import terminal_console
from attnseq.runs.seen import as_seen
from attnseq.training.memory import end_without_collection

if TYPE_CHECKING:
    from attnseq.article.claim_runs import Variant
    from attnseq.runs.config import RunConfig

OPTIONS = ("seeds", "train")
OURS = ("name", "seed", "model", "dataset", "experiment", "model.attention", "dataset.length")
"""Keys that the variants set."""


def configs(overrides: list[str], name: str) -> "dict[Variant, RunConfig]":
    """Compose the config of each variant."""
    from attnseq.article.claim_runs import VARIANTS

    return {each: checked(compose_config([*each.overrides, f"name={name}", *overrides])) for each in VARIANTS}


def seeds_of(options: dict[str, str]) -> int | None:
    """Read `seeds=`; end the program where it is no number of seeds."""
    text = options.get("seeds", "1")
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        fail(f"seeds={text}: must be a whole number, 1 or more")
    return int(text) if "seeds" in options else None


def taken_out(arguments: list[str]) -> dict[str, str]:
    """Take the command's own options out of the arguments."""
    pairs = [argument.partition("=") for argument in arguments]
    arguments[:] = [argument for argument, (key, _, _) in zip(arguments, pairs, strict=True) if key not in OPTIONS]
    return {key: value for key, _, value in pairs if key in OPTIONS}


@enduring_output()
def main() -> None:
    """Run the command; see above."""
    overrides = sys.argv[1:]
    if overrides[:1] in (["-h"], ["--help"]):
        print(wrapped(__doc__ or "", columns()))
        return
    refuse_empty(overrides)
    command = shlex.join(["python", "-m", "attnseq.claims", *overrides])
    options = taken_out(overrides)
    seeds, is_quick = seeds_of(options), bool(overrides or "seeds" in options)
    (trains,) = choose("train", options.get("train", "true"), ("true", "false"), single=True)
    for override in overrides:
        if override.partition("=")[0] in OURS:
            fail(f"{override}: the variants that are compared set it")
    from attnseq.article.claim_runs import claim_jobs
    from attnseq.article.claim_training import ClaimRuns, judged, write_claims  # PyTorch, which --help does without
    from attnseq.article.claims_report import About, claims_table

    end_without_collection()
    register()
    name = "claims_quick" if is_quick else "claims"
    root, console = Path("outputs") / name, terminal_console()
    with errors_in_one_line(str(root)):
        runs = ClaimRuns(claim_jobs(configs(overrides, name), root, seeds))
        if trains == "true":
            console.print(f"{runs.waiting} of {len(runs.every)} runs to train, about {format_seconds(runs.seconds)}")
            runs.train()
        runs.analyse()
        evidence = runs.evidence()
        tested = judged(evidence)
        console.print(claims_table(tested))
        write_claims(root, tested, evidence, About(command, is_quick, runs.waiting))
    console.print(as_seen((root / "claims.md").absolute()))
    if runs.failures:
        fail(runs.failures, 1)


if __name__ == "__main__":
    main()
