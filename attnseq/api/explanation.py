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
from attnseq.report.grid import alignment_grid, grid_legend
from attnseq.report.tables import attention_bars

Array = npt.NDArray[Any]


def explanation(run: Run, words: Sequence[str], beam: int = 1) -> str:
    """Explain what a run's model makes of sequences.

    Args:
        run: finished, or with a checkpoint.
        words: a string of digits or of the task's own characters, or numbers or names of tokens with commas between
            them, for each sequence.
        beam: see `Run.predict`.

    Raises:
        ValueError: the sequences do not fit the task; the message is one line.
        RunError: the run has no checkpoint.
    """
    inputs = run.task.spec.inputs
    if isinstance(inputs, Tokens) and inputs.in_characters:
        seen, symbols = run.predict(list(words), beam=beam), [list(word) for word in words]
    elif run.task.token_names:
        symbols = [word.split(",") for word in words]
        seen = run.predict(symbols, beam=beam)
    else:
        sequences = [_sequence(number, word) for number, word in enumerate(words)]
        symbols = [[f"{value:g}" for value in sequence] for sequence in sequences]
        seen = run.predict(sequences, beam=beam)
    shown = [_of_one(run, seen, number, its) for number, its in enumerate(symbols)]
    text = "\n\n".join("\n".join(filter(None, each)) for each in shown)
    has_grid = _has_grids(run, seen) and any(drawn for _, drawn in shown)
    return f"{text}\n{grid_legend(_knows_alignment(seen))}" if has_grid else text


def _sequence(number: int, word: str) -> list[float]:
    """Turn a word of the command line into numbers."""
    pieces = word.split(",") if "," in word else list(word)
    try:
        return [float(piece.encode("ascii")) for piece in pieces]  # Python reads the digits of all scripts
    except ValueError:
        form = "a string of digits, or numbers with commas between them"
        raise ValueError(f"sequence {number}: {word}: must be {form}") from None


def _of_one(run: Run, seen: Prediction, number: int, symbols: list[str]) -> tuple[str, str]:
    """Explain one sequence: its answers in a line, and what it got as a drawing, "" where there is none."""
    target = run.task.spec.target
    answers = [seen.prediction[number]] if seen.truth is None else [seen.prediction[number], seen.truth[number]]
    if isinstance(target, Tokens) and not target.in_characters:
        answers = _whole(answers, target)
    separator = "" if all(len(symbol) == 1 for symbol in symbols) else ","
    line = f"{separator.join(symbols)}: {', exact '.join(_written(answer, target) for answer in answers)}"
    if isinstance(target, Scalar) and target.unit:
        line += f", in {target.unit}"
    if seen.attention is None or not run.model.attends:
        return line, ""
    if isinstance(target, Tokens) and _has_grids(run, seen):
        rows = list(answers[0]) if target.in_characters else target.names(answers[0].tolist())
        return line, _alignment(seen, number, symbols, rows) if rows else ""
    return line, _bars(run, seen, number, symbols)


def _has_grids(run: Run, seen: Prediction) -> bool:
    """Tell whether attention is shown as an alignment, and not as bars."""
    tokens = isinstance(run.task.spec.target, Tokens)
    return tokens and run.model.attends and seen.attention is not None and seen.attention.ndim == 3


def _knows_alignment(seen: Prediction) -> bool:
    """Tell whether the true alignment is known; known for the answer as a whole, relevance is none."""
    return seen.relevance is not None and seen.relevance.ndim == 3


def _whole(answers: list[Array], target: Tokens) -> list[Array]:
    """Cut a predicted answer, and the exact one where it is known, at their ends; without end symbols the task says."""
    longest = None if target.end else int((answers[-1] != NO_TOKEN).sum())
    return [tokens[:longest][tokens[:longest] != NO_TOKEN] for tokens in answers]


def _written(answer: Any, target: Target) -> str:
    """Write an answer: a number, the name of a class, or tokens."""
    if isinstance(target, Tokens):
        return (str(answer) if target.in_characters else target.text(answer.tolist())) or "none"
    return f"{answer:.5g}" if isinstance(target, Scalar) else str(answer)


def _alignment(seen: Prediction, number: int, symbols: list[str], answer: list[str]) -> str:
    """Draw which positions each token of an answer looked at."""
    rows, length = len(answer), len(symbols)
    assert seen.attention is not None
    true_KxT = None
    if seen.relevance is not None and _knows_alignment(seen):
        true_KxT = seen.relevance[number][:rows, :length]
    return alignment_grid(seen.attention[number][:rows, :length], symbols, answer, true_KxT)


def _bars(run: Run, seen: Prediction, number: int, symbols: list[str]) -> str:
    """Draw a bar a position."""
    length, width = len(symbols), max(map(len, symbols))
    inputs = run.task.spec.inputs
    named = length <= inputs.length if inputs.padded else length == inputs.length
    names = run.task.position_names if named else tuple(map(str, range(length)))
    labels = [f"{name}  {symbol:>{width}}" for name, symbol in zip(names, symbols, strict=False)]
    relevance_T = None if seen.relevance is None else seen.relevance[number][..., :length]
    if relevance_T is not None and relevance_T.ndim == 2:  # of all answer positions together
        relevance_T = relevance_T.sum(axis=0)
    if relevance_T is not None and not relevance_T.any():  # of which there are no shares
        relevance_T = None
    assert seen.position_attention is not None
    return attention_bars(seen.position_attention[number][:length], relevance_T, position_names=labels)
