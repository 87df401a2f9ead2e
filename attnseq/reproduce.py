"""The article's published run beside ours: `python -m attnseq.reproduce [device=...] [overwrite=true]`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from attnseq.article import verdicts
from attnseq.article.published import ATTENTION_REMARK
from attnseq.commandline.arguments import fail, refuse_empty
from attnseq.commandline.checking import checked
from attnseq.commandline.command_line import errors_in_one_line, register
from attnseq.commandline.composition import compose_config
from attnseq.commandline.output import enduring_output
from attnseq.commandline.wrapping import columns, wrapped
from attnseq.report.terminal import terminal_console
from attnseq.training.memory import end_without_collection

if TYPE_CHECKING:
    from attnseq.article.reproduction import Reproduced

EXPERIMENTS = ("tutorial_mlp", "tutorial_lstm")
ALLOWED = ("device", "overwrite", "trainer.compile", "trainer.checkpoint_minutes")


def judge(mlp: "Reproduced", lstm: "Reproduced") -> list[verdicts.Verdict]:
    """Give a verdict on every number that the article prints."""
    return [
        *verdicts.targets(mlp.first_targets_M),
        *verdicts.mlp_losses(mlp.loss_E),
        *verdicts.mlp_attention(mlp.mean_attention_T),
        *verdicts.mlp_predictions(mlp.first_predictions_M),
        *verdicts.lstm_losses(lstm.loss_E),
    ]


@enduring_output()
def main() -> None:
    """Run the command; exit status 0 where every figure holds, 1 where one does not."""
    overrides = sys.argv[1:]
    if overrides[:1] in (["-h"], ["--help"]):
        print(wrapped(__doc__ or "", columns()))
        return
    refuse_empty(overrides)
    for override in overrides:
        if override.partition("=")[0] not in ALLOWED:
            fail(f"{override}: the published run is fixed; allowed are {', '.join(ALLOWED)}")
    from attnseq.article.reproduction import train_published, write_report  # loads PyTorch, which --help does without
    from attnseq.report.tables import verdict_table

    end_without_collection()
    register()
    root = Path("outputs/reproduce")
    with errors_in_one_line():
        configs = [checked(compose_config([f"experiment={e}", "name=reproduce", *overrides])) for e in EXPERIMENTS]
        mlp, lstm = (train_published(config, root) for config in configs)
    rows = judge(mlp, lstm)
    console = terminal_console()
    console.print(verdict_table(rows))
    console.print(ATTENTION_REMARK)
    with errors_in_one_line():  # last, so that the verdicts are seen even if nothing can be written
        write_report(root, rows, mlp, lstm)
    failed = [row.figure for row in rows if not row.holds]
    console.print(f"{len(rows) - len(failed)} of {len(rows)} figures hold; {root / 'reproduction.png'}")
    if failed:
        fail(f"not reproduced: {', '.join(failed)}", 1)


if __name__ == "__main__":
    main()
