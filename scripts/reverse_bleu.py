"""BLEU of runs of `dataset=reverse`, on sequences that another program is given, too.

    python scripts/reverse_bleu.py data FOLDER           # train, dev and test, .src and .trg, tokens as words
    python scripts/reverse_bleu.py score FOLDER RUN ...  # BLEU of each run on FOLDER's test

The task is that of JoeyNMT's tutorial: 50,000 sequences of 1 to 25 of 50 tokens to train on, the very ones that
`experiment=seq2seq_reverse` trains on; 1,000 each of 1 to 30 for dev and test. BLEU is sacrebleu's (extra `bench`), of
whitespace-separated tokens.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

TOKENS, LONGEST, LONGEST_TEST = 50, 25, 30


def write_data(folder: Path) -> None:
    """Write the samples as lines of words."""
    from attnseq.datasets.reverse import Reverse

    trained = Reverse(LONGEST, TOKENS, (50_000, 1_000, 1_000), seed=0).splits()
    held_out = Reverse(LONGEST_TEST, TOKENS, (1, 1_000, 1_000), seed=1).splits()
    folder.mkdir(parents=True, exist_ok=True)
    for name, split in {"train": trained.train, "dev": held_out.validation, "test": held_out.test}.items():
        assert split.lengths is not None
        rows = [row[:length] for row, length in zip(split.inputs.tolist(), split.lengths.tolist(), strict=True)]
        (folder / f"{name}.src").write_text("".join(f"{words(row)}\n" for row in rows))
        (folder / f"{name}.trg").write_text("".join(f"{words(row[::-1])}\n" for row in rows))


def score(folder: Path, runs: list[Path]) -> None:
    """Print BLEU of each run."""
    import sacrebleu

    import attnseq

    rows = [list(map(int, line.split())) for line in (folder / "test.src").read_text().splitlines()]
    answers = (folder / "test.trg").read_text().splitlines()
    for path in runs:
        predicted = attnseq.load(path).predict(rows).prediction.tolist()
        said = [words([token for token in row if token >= 0]) for row in predicted]
        exact = sum(one == other for one, other in zip(said, answers, strict=True)) / len(answers)
        bleu = sacrebleu.corpus_bleu(said, [answers], tokenize="none")
        print(f"{bleu.score:.2f} BLEU, {exact:.1%} exact  {path}")


def words(tokens: list[int]) -> str:
    """Write tokens as words."""
    return " ".join(map(str, tokens))


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["data", "score"])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN")
    return parser


def main(arguments: Sequence[str]) -> None:
    """Run the command; see above."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    if given.what == "data":
        write_data(given.folder)
    elif given.runs:
        score(given.folder, given.runs)
    else:
        parser.error("score: RUN is missing")


if __name__ == "__main__":
    main(sys.argv[1:])
