"""The one sample whose alignment is shown, symbol by symbol: a mean over samples that differ in length cannot be read.

Shapes: P replicas, B batch, T positions of the sample, K positions of its answer.
"""

from torch import Tensor

from attnseq.contracts.answers import without_end
from attnseq.contracts.batch import NO_TOKEN, Batch, Output
from attnseq.contracts.spec import Inputs, Spec, Tokens
from attnseq.contracts.task import Task
from attnseq.training.attention_summary import Alignment

LONGEST = 40
"""Positions of a sample and of its answer that can be shown: with more, nobody could read their symbols."""


class ShownSample:
    """The first of the longest samples that can be shown, and what each replica makes of it.

    Args:
        samples: of which one is chosen; `look` is given them first.
        spec: of the task.
        task: that they are of; None: no sample is shown.

    Attributes:
        alignments: P of them, once the sample has been seen; None where there is nothing to show: the model's first
            attention is no alignment, the answer is no sequence, or all samples are too long.
    """

    def __init__(self, samples: Batch, spec: Spec, task: Task | None):
        self.alignments: list[Alignment] | None = None
        self._spec, self._task, self._seen = spec, task, 0
        self._index = None if task is None or not isinstance(spec.target, Tokens) else _choose(samples)

    def look(self, output: Output, samples: Batch) -> None:
        """Look at the next samples.

        Args:
            output: of a population, for these samples.
            samples: with targets.
        """
        place = -1 if self._index is None else self._index - self._seen
        self._seen += samples.size
        attention = next(iter(output.attention.values()), None)
        if attention is None or attention.axes != "BKT" or not 0 <= place < samples.size:
            return
        sample = samples.map(lambda values: values[place : place + 1])
        predicted_PxK = output.prediction[:, place].argmax(dim=-1)
        self.alignments = self._aligned(attention.weights[:, place], predicted_PxK, sample)

    def _aligned(self, weights_PxKxT: Tensor, predicted_PxK: Tensor, sample: Batch) -> list[Alignment]:
        """Make an alignment of what each replica predicts for a batch of one sample."""
        inputs, target, task = self._spec.inputs, self._spec.target, self._task
        assert isinstance(target, Tokens)
        assert task is not None
        names, exact = _names(sample, inputs), _tokens(without_end(sample.answers, target)[0])
        question = ("" if all(len(name) == 1 for name in names) else ",").join(names)
        truth = task.relevance(sample)
        true_KxT = truth[0].double().cpu().numpy() if truth is not None and truth.dim() == 3 else None
        found = []
        for weights_KxT, predicted_K in zip(weights_PxKxT, without_end(predicted_PxK, target), strict=True):
            answer = _tokens(predicted_K if target.end else predicted_K[: len(exact)])
            line = _line(question, answer, exact, target)
            shown = slice(min(len(answer), LONGEST)), slice(len(names))
            weights = weights_KxT[shown].double().cpu().numpy()
            relevance = None if true_KxT is None else true_KxT[shown]
            found.append(Alignment(line, names, tuple(target.names(answer[:LONGEST])), weights, relevance))
        return found


def _line(question: str, answer: list[int], exact: list[int], target: Tokens) -> str:
    """Write sample and answer in a line, with the exact answer where it is another one."""
    line = f"{question}: {target.text(answer) or 'none'}"
    return line if answer == exact else f"{line}, exact {target.text(exact)}"


def _choose(samples: Batch) -> int | None:
    """Choose a sample by its number; None where all are too long."""
    if samples.lengths is None:
        return 0 if samples.size and samples.inputs.shape[1] <= LONGEST else None
    fitting_B = samples.lengths.masked_fill(samples.lengths > LONGEST, 0)
    return int(fitting_B.argmax()) if fitting_B.any() else None  # the first of the largest


def _names(sample: Batch, kind: Inputs) -> tuple[str, ...]:
    """Name what stands at the positions of a batch of one sample: tokens, numbers, or where they stand."""
    length = sample.inputs.shape[1] if sample.lengths is None else int(sample.lengths)
    values = sample.inputs[0, :length]
    if isinstance(kind, Tokens):
        return tuple(kind.names(values.tolist()))
    if kind.features > 1:
        return tuple(map(str, range(length)))
    return tuple(f"{value:.2g}" for value in values.flatten().tolist())


def _tokens(tokens_K: Tensor) -> list[int]:
    """List the tokens that there are."""
    return [token for token in tokens_K.tolist() if token != NO_TOKEN]
