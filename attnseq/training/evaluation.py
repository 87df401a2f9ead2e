"""How well a population predicts held-out samples, and what it attends to: measured in one pass over the samples.

Shapes: P replicas, W parameters of one replica, B samples of a chunk.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.measures import Metric, Score
from attnseq.contracts.task import Splits, Task
from attnseq.core.once import shared_work
from attnseq.training.adversary import with_base
from attnseq.training.attention_summary import Alignment, AttentionSummary
from attnseq.training.attention_sums import AttentionSums
from attnseq.training.population import Recipe
from attnseq.training.shown_sample import ShownSample
from attnseq.training.trivial import Trivial, trivial

CHUNK = 16_384
"""Largest samples x replicas that are predicted together: with more, an LSTM does not fit the processor's caches."""

BYTES = 1 << 29
"""Memory that such a prediction may take, about."""


class Evaluation(NamedTuple):
    """Measurements of one replica.

    Args:
        row: "loss", each metric and each score by its name. A score that is undefined for all samples is left out, in
            every epoch: that is a matter of the samples, and not of the model.
        attention: summaries by tag: "attention" for the one that explains the prediction, else "attention/<name>".
        alignment: of one sample; None where there is none to show.
    """

    row: dict[str, float]
    attention: dict[str, AttentionSummary]
    alignment: Alignment | None = None


class Meter:
    """Measures a population of one task.

    Args:
        recipe: model and objective.
        metrics: by name, made for the task's target.
        scores: by name, made for the task's spec.
    """

    def __init__(self, recipe: Recipe, metrics: Mapping[str, Metric], scores: Mapping[str, Score] | None = None):
        self.metrics = metrics
        self._recipe, self._scores = recipe, scores or {}

    def trivial(self, splits: Splits) -> Trivial:
        """Measure a predictor that does not look at its input, by the same loss and metrics."""
        return trivial(self._recipe.spec.target, splits, self._recipe.objective, self.metrics)

    @torch.no_grad()
    def evaluate(
        self, parameters_PxW: Tensor, split: Batch, probe: int | None = None, task: Task | None = None
    ) -> list[Evaluation]:
        """Evaluate every replica on the same samples; each sample is predicted once.

        Args:
            parameters_PxW: of the replicas.
            split: samples, on the parameters' device.
            probe: number of samples, from the first on, whose attention is summarised and scored, and of which one is
                shown; None: all.
            task: that the samples are of; None: attention is not scored, and no sample is shown.
        """
        replicas, left = len(parameters_PxW), split.size if probe is None else min(probe, split.size)
        sums_P: dict[str, Tensor] = {}
        counts_P: dict[str, Tensor] = {}
        attention: dict[str, AttentionSums] = {}
        shown = ShownSample(split.first(left), self._recipe.spec, task)
        for samples in split.pieces(self._samples_at_once(split) // replicas):
            samples = with_base(samples, self._recipe.base)
            output = self._recipe.flat.predict(parameters_PxW, samples)
            values = self._values(parameters_PxW, output, samples)
            for name, values_PxB in values.items():
                sums_P[name] = values_PxB.double().sum(dim=-1) + sums_P.get(name, 0.0)
            shown.look(output, samples)
            seen = samples.first(left)
            left -= seen.size
            if task is not None and self._scores and seen.size:
                failed_PxB = values["loss"][:, : seen.size].isnan()
                for name, values_PxB in self._scored(parameters_PxW, output, seen, task).items():
                    # count what is not a number where the prediction is none either: the model failed, not the truth
                    counted_PxB = failed_PxB | ~values_PxB.isnan()
                    sums_P[name] = values_PxB.where(counted_PxB, 0.0).sum(dim=-1) + sums_P.get(name, 0.0)
                    counts_P[name] = counted_PxB.sum(dim=-1) + counts_P.get(name, 0)
            for name, each in output.attention.items() if seen.size else ():
                if name not in attention:
                    attention[name] = AttentionSums(replicas, seen, self._recipe.spec)
                attention[name].add(Attention(each.weights[:, : seen.size], each.axes), seen)
        rows = self._rows(sums_P, counts_P, split)
        columns = [sums.summaries() for sums in attention.values()]
        alignments: Sequence[Alignment | None] = shown.alignments or [None] * replicas
        return [
            Evaluation(row, dict(zip(tags(attention), summaries, strict=True)), alignment)
            for row, alignment, *summaries in zip(rows, alignments, *columns, strict=True)
        ]

    def _samples_at_once(self, split: Batch) -> int:
        """Return samples times replicas that are predicted together.

        What longer samples than those of training take grows at most with the square of their positions.
        """
        longer = max(1.0, split.inputs.shape[1] / self._recipe.spec.inputs.length)
        return min(CHUNK, int(BYTES / max(1, self._recipe.bytes_per_sample) / longer**2))

    def _values(self, parameters_PxW: Tensor, output: Output, samples: Batch) -> dict[str, Tensor]:
        """Compute values_PxB in float64 of the loss and each metric, by name."""

        def of_one(mine: Output, parameters_W: Tensor) -> dict[str, Tensor]:
            values = {"loss": self._recipe.objective(mine, samples)}
            return values | {name: metric(mine, samples) for name, metric in self.metrics.items()}

        return _by_replica(of_one, output, samples.size, parameters_PxW)

    def _scored(self, parameters_PxW: Tensor, output: Output, samples: Batch, task: Task) -> dict[str, Tensor]:
        """Compute values_PxB in float64 of each score that the task has the truth for, by name.

        Args:
            parameters_PxW: of the replicas.
            output: for these samples and, maybe, further ones.
            samples: to score.
            task: that they are of.
        """

        def of_one(mine: Output, parameters_W: Tensor) -> dict[str, Tensor]:
            def predict(batch: Batch) -> Output:
                return self._recipe.flat(parameters_W, batch._replace(targets=None))

            with shared_work():
                values_B = {name: score(predict, samples, mine, task) for name, score in self._scores.items()}
            return {name: value_B.double() for name, value_B in values_B.items() if value_B is not None}

        return _by_replica(of_one, output, samples.size, parameters_PxW)

    def _rows(
        self, sums_P: Mapping[str, Tensor], counts_P: Mapping[str, Tensor], split: Batch
    ) -> list[dict[str, float]]:
        means = {name: (sum_P / counts_P.get(name, split.size)).tolist() for name, sum_P in sums_P.items()}
        for name, metric in self.metrics.items():
            means[name] = [metric.summary(mean, split) for mean in means[name]]
        rows = [dict(zip(means, row, strict=True)) for row in zip(*means.values(), strict=True)]
        undefined = {name: (count_P == 0).tolist() for name, count_P in counts_P.items()}
        return [
            {name: mean for name, mean in row.items() if name not in undefined or not undefined[name][replica]}
            for replica, row in enumerate(rows)
        ]


def _by_replica(
    function: Callable[[Output, Tensor], dict[str, Tensor]], output: Output, size: int, parameters_PxW: Tensor
) -> dict[str, Tensor]:
    """Call a function, under `torch.vmap`, with each replica's output for the first samples and its parameters."""
    axes = {name: attention.axes for name, attention in output.attention.items()}

    def of_one(
        prediction: Tensor, weights: dict[str, Tensor], extra: dict[str, Tensor], parameters_W: Tensor
    ) -> dict[str, Tensor]:
        attention = {name: Attention(its, axes[name]) for name, its in weights.items()}
        return function(Output(prediction, attention, extra), parameters_W)

    weights_P = {name: attention.weights[:, :size] for name, attention in output.attention.items()}
    extra_P = {name: values_PxB[:, :size] for name, values_PxB in output.extra.items()}
    arguments = (output.prediction[:, :size].double(), weights_P, extra_P, parameters_PxW)
    values_PxB: dict[str, Tensor] = torch.vmap(of_one)(*arguments)
    return values_PxB


def tags(names: Mapping[str, object]) -> list[str]:
    """Return the tags of attention by its names; the first one explains the prediction."""
    return [f"attention/{name}" if index else "attention" for index, name in enumerate(names)]
