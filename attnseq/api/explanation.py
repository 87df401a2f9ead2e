"""What a model makes of sequences, in words and bars, for `attnseq.explain`.

Shapes: T positions, K answer positions.
"""

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from attnseq.api.prediction import Prediction
from attnseq.api.run import Run
from attnseq.contracts.batch import NO_TOKEN
from attnseq.contracts.spec import Scalar, Target, Tokens
from attnseq.report.tables import alignment_grid, attention_bars

Array = npt.NDArray[Any]


def explanation(run: Run, words: Sequence[str]) -> str:
    """Explain what a run's model makes of sequences.

    Args:
        run: finished, or with a checkpoint.
        words: a string of digits, or numbers with commas between them, for each sequence.

    Raises:
        ValueError: the sequences do not fit the task; the message is one line.
        RunError: the run has no checkpoint.
    """
    sequences = [_sequence(number, word) for number, word in enumerate(words)]
    seen = run.predict(sequences)
    parts = [_of_one(run, seen, number, sequence) for number, sequence in enumerate(sequences)]
    return "\n\n".join(parts)


def _sequence(number: int, word: str) -> list[float]:
    """Turn a word of the command line into numbers."""
    pieces = word.split(",") if "," in word else list(word)
    try:
        return [float(piece.encode("ascii")) for piece in pieces]  # Python reads the digits of all scripts
    except ValueError:
        form = "a string of digits, or numbers with commas between them"
        raise ValueError(f"sequence {number}: {word}: must be {form}") from None


def _of_one(run: Run, seen: Prediction, number: int, sequence: list[float]) -> str:
    """Explain one sequence: its answers in a line, and what it got below."""
    target, symbols = run.task.spec.target, [f"{value:g}" for value in sequence]
    answers = [seen.prediction[number]] if seen.truth is None else [seen.prediction[number], seen.truth[number]]
    if isinstance(target, Tokens):
        longest = None if target.end or seen.truth is None else (seen.truth[number] != NO_TOKEN).sum()  # the task says
        answers = [tokens[:longest][tokens[:longest] != NO_TOKEN] for tokens in answers]
    separator = "" if all(len(symbol) == 1 for symbol in symbols) else ","
    line = f"{separator.join(symbols)}: {', exact '.join(_written(answer, target) for answer in answers)}"
    if isinstance(target, Scalar) and target.unit:
        line += f", in {target.unit}"
    if seen.attention is None:
        return line
    if isinstance(target, Tokens) and seen.attention.ndim == 3:
        return f"{line}\n{_alignment(seen, number, symbols, answers[0])}"
    return f"{line}\n{_bars(run, seen, number, symbols)}"


def _written(answer: Any, target: Target) -> str:
    """Write an answer: a number, the name of a class, or tokens."""
    if isinstance(target, Tokens):
        return " ".join(map(str, answer.tolist())) or "no token"
    return f"{answer:.5g}" if isinstance(target, Scalar) else str(answer)


def _alignment(seen: Prediction, number: int, symbols: list[str], answer: Array) -> str:
    """Draw which positions each token of an answer looked at."""
    rows, length = len(answer), len(symbols)
    assert seen.attention is not None
    true_KxT = None if seen.relevance is None else seen.relevance[number][:rows, :length]
    return alignment_grid(seen.attention[number][:rows, :length], symbols, list(map(str, answer.tolist())), true_KxT)


def _bars(run: Run, seen: Prediction, number: int, symbols: list[str]) -> str:
    """Draw a bar a position."""
    length, width = len(symbols), max(map(len, symbols))
    named = length == run.task.spec.inputs.length or run.task.spec.inputs.padded
    names = run.task.position_names if named else tuple(map(str, range(length)))
    labels = [f"{name}  {symbol:>{width}}" for name, symbol in zip(names, symbols, strict=False)]
    relevance_T = None if seen.relevance is None else seen.relevance[number][..., :length]
    if relevance_T is not None and relevance_T.ndim == 2:  # of all answer positions together
        relevance_T = relevance_T.sum(axis=0)
    if relevance_T is not None and not relevance_T.any():  # of which there are no shares
        relevance_T = None
    assert seen.position_attention is not None
    return attention_bars(seen.position_attention[number][:length], relevance_T, position_names=labels)
