"""What a model makes of sequences, in words and bars, for `attnseq.explain`.

Shapes: T positions, K answer positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from attnseq.api.prediction import Prediction
from attnseq.api.run import Run
from attnseq.contracts.batch import NO_TOKEN
from attnseq.contracts.spec import Scalar, Target, Tokens
from attnseq.report.grid import alignment_grid, grid_legend
from attnseq.report.tables import attention_bars
from attnseq.training.attention_summary import Alignment

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Explained:
    """What a run's model makes of sequences, and how these are written.

    Args:
        run: whose model it is.
        seen: the predictions.
        symbols: what stands at the positions of each sequence.
    """

    run: Run
    seen: Prediction
    symbols: list[list[str]]

    def text(self) -> str:
        """Write each sequence with its answers in a line, and what it got below."""
        shown = [_of_one(self, number) for number in range(len(self.symbols))]
        text = "\n\n".join("\n".join(filter(None, each)) for each in shown)
        has_grid = self.is_aligned and self.run.model.attends and any(drawn for _, drawn in shown)
        return f"{text}\n{grid_legend(self.knows_alignment)}" if has_grid else text

    @property
    def is_aligned(self) -> bool:
        """Whether each token of an answer has attention of its own."""
        return isinstance(self.run.task.spec.target, Tokens) and self.seen.axes == "BKT"

    @property
    def knows_alignment(self) -> bool:
        """Whether the true alignment is known; known for the answer as a whole, relevance is none."""
        return self.seen.relevance is not None and self.seen.relevance.ndim == 3

    def line(self, number: int) -> str:
        """Write a sequence and its answers in a line."""
        symbols, target = self.symbols[number], self.run.task.spec.target
        separator = "" if all(len(symbol) == 1 for symbol in symbols) else ","
        answers = [_written(answer, target) for answer in self.answers(number)]
        line = f"{separator.join(symbols)}: {', exact '.join(answers)}"
        return f"{line}, in {target.unit}" if isinstance(target, Scalar) and target.unit else line

    def answers(self, number: int) -> list[Any]:
        """Return the predicted answer to a sequence and, where it is known, the exact one."""
        seen, target = self.seen, self.run.task.spec.target
        answers = [seen.prediction[number]] if seen.truth is None else [seen.prediction[number], seen.truth[number]]
        is_cut = isinstance(target, Tokens) and not target.in_characters
        return _whole(answers, target) if is_cut and isinstance(target, Tokens) else answers

    def alignment(self, number: int) -> Alignment | None:
        """Return which positions each token of an answer looked at; None where there is no such attention."""
        seen, target = self.seen, self.run.task.spec.target
        if not (self.is_aligned and isinstance(target, Tokens) and seen.attention is not None):
            return None
        answer = self.answers(number)[0]
        tokens = list(answer) if target.in_characters else target.names(answer.tolist())
        shown = slice(len(tokens)), slice(len(self.symbols[number]))
        true_KxT = None
        if seen.relevance is not None and self.knows_alignment:
            true_KxT = seen.relevance[number][shown]
        inputs = tuple(self.symbols[number])
        return Alignment(self.line(number), inputs, tuple(tokens), seen.attention[number][shown], true_KxT)

    def bars(self, number: int) -> tuple[Array, Array | None]:
        """Return the weight of each position of a sequence, and its exact relevance where it has some."""
        seen, length = self.seen, len(self.symbols[number])
        relevance_T = None if seen.relevance is None else seen.relevance[number][..., :length]
        if relevance_T is not None and relevance_T.ndim == 2:  # of all answer positions together
            relevance_T = relevance_T.sum(axis=0)
        if relevance_T is not None and not relevance_T.any():  # of which there are no shares
            relevance_T = None
        assert seen.position_attention is not None
        return seen.position_attention[number][:length], relevance_T

    def is_named(self, number: int) -> bool:
        """Tell whether the task's names of positions are those of a sequence, which may have another length."""
        inputs, length = self.run.task.spec.inputs, len(self.symbols[number])
        return length <= inputs.length if inputs.padded else length == inputs.length


def explained(run: Run, words: Sequence[str], beam: int = 1) -> Explained:
    """Ask a run's model what it makes of sequences.

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
        return Explained(run, run.predict(list(words), beam=beam), [list(word) for word in words])
    if run.task.token_names:
        symbols = [word.split(",") for word in words]
        return Explained(run, run.predict(symbols, beam=beam), symbols)
    sequences = [_sequence(number, word) for number, word in enumerate(words)]
    symbols = [[f"{value:g}" for value in sequence] for sequence in sequences]
    return Explained(run, run.predict(sequences, beam=beam), symbols)


def _sequence(number: int, word: str) -> list[float]:
    """Turn a word of the command line into numbers."""
    pieces = word.split(",") if "," in word else list(word)
    try:
        return [float(piece.encode("ascii")) for piece in pieces]  # Python reads the digits of all scripts
    except ValueError:
        form = "a string of digits, or numbers with commas between them"
        raise ValueError(f"sequence {number}: {word}: must be {form}") from None


def _of_one(its: Explained, number: int) -> tuple[str, str]:
    """Explain one sequence: its answers in a line, and what it got as a drawing, "" where there is none."""
    line = its.line(number)
    if its.seen.attention is None or not its.run.model.attends:
        return line, ""
    alignment = its.alignment(number)
    if alignment is None:
        return line, _bars(its, number)
    if not alignment.answers:
        return line, ""
    rows = alignment.weights_KxT, alignment.inputs, alignment.answers, alignment.relevance_KxT
    return line, alignment_grid(*rows)


def _whole(answers: list[Array], target: Tokens) -> list[Array]:
    """Cut a predicted answer, and the exact one where it is known, at their ends; without end symbols the task says."""
    longest = None if target.end else int((answers[-1] != NO_TOKEN).sum())
    return [tokens[:longest][tokens[:longest] != NO_TOKEN] for tokens in answers]


def _written(answer: Any, target: Target) -> str:
    """Write an answer: a number, the name of a class, or tokens."""
    if isinstance(target, Tokens):
        return (str(answer) if target.in_characters else target.text(answer.tolist())) or "none"
    return f"{answer:.5g}" if isinstance(target, Scalar) else str(answer)


def _bars(its: Explained, number: int) -> str:
    """Draw a bar a position."""
    symbols = its.symbols[number]
    width = max(map(len, symbols))
    names = its.run.task.position_names if its.is_named(number) else tuple(map(str, range(len(symbols))))
    labels = [f"{name}  {symbol:>{width}}" for name, symbol in zip(names, symbols, strict=False)]
    return attention_bars(*its.bars(number), position_names=labels)
