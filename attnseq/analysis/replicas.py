"""The replicas of a population as they answer, where something else is put in place of a part of the samples.

Shapes: P replicas, W parameters of one replica, B batch, T positions, R distributions of a sample.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from attnseq.analysis.programs import Answer, written
from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.scores.leave_one_out import Without, without_weight
from attnseq.scores.weight_rows import from_rows, to_rows
from attnseq.training.population import FlatModel


class Replicas:
    """Models of one kind, and samples that all of them are asked.

    Args:
        flat: the model.
        parameters_PxW: of the replicas.
        batch: the samples.
        answers: how they are asked; None: as the model is written.
    """

    def __init__(self, flat: FlatModel, parameters_PxW: Tensor, batch: Batch, answers: Answer | None = None):
        self._answers = answers or written(flat)
        self.flat, self.parameters_PxW = flat, parameters_PxW
        self.batch = batch._replace(targets=None)
        self.output: Output = flat.predict(parameters_PxW, self.batch)

    @property
    def attention(self) -> Attention | None:
        """That which explains the prediction; None of models that make no weights."""
        if not self.flat.model.attends or not self.output.attention:
            return None
        return next(iter(self.output.attention.values()))

    def answer(self, **given: Tensor) -> Tensor:
        """Predict where fields of `Batch` are replaced by tensors that each replica has its own of: PxBx..."""
        return self._answers(self.parameters_PxW, self.batch, given)

    def weighed(self, rows: Tensor) -> Tensor:
        """Predict with other weights, PxBxRxT, of the attention that explains the prediction."""
        assert self.attention is not None
        return self.answer(weights=from_rows(rows, self.attention, self.batch))

    def rows(self) -> Tensor:
        """Return the weights of that attention as distributions, PxBxRxT."""
        assert self.attention is not None
        return to_rows(self.attention, self.batch)

    def encoded(self) -> Tensor:
        """Encode the samples: PxBxT, or PxBxTxF.

        Raises:
            NotImplementedError: the model does not say how.
        """

        def one(parameters_W: Tensor) -> Tensor:
            call = _Encoding(self.flat.model)
            parameters = {f"model.{name}": value for name, value in self.flat.unflatten(parameters_W).items()}
            encoded: Tensor = torch.func.functional_call(call, parameters, (self.batch,))
            return encoded

        encoded: Tensor = torch.vmap(one)(self.parameters_PxW)
        return encoded

    def attributed(
        self,
        method: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor],
        says: Callable[..., Tensor],
        chosen: Tensor | None,
        fixed: bool = False,
    ) -> Tensor:
        """Attribute what is said to positions, by a method of `scores.gradients`: PxBxT.

        Args:
            method: of what is explained and of the encoded samples of one replica.
            says: what is explained, of a prediction and of what was chosen.
            chosen: PxBx..., see `Explained.chosen`.
            fixed: whether the weights of attention stay what they are, where the model takes weights: what the encoded
                samples change is then what is weighed, and not how.
        """
        attention = self.attention if fixed and self.flat.model.takes_weights else None
        weights = None if attention is None else attention.weights

        def one(parameters_W: Tensor, encoded: Tensor, chosen: Tensor | None, weights: Tensor | None) -> Tensor:
            def explained(values: Tensor) -> Tensor:
                asked = self.batch._replace(encoded=values, weights=weights)
                return says(self.flat(parameters_W, asked).prediction, chosen)

            return method(explained, encoded)

        in_dims = (0, 0, *(None if each is None else 0 for each in (chosen, weights)))
        attributed: Tensor = torch.vmap(one, in_dims=in_dims)(self.parameters_PxW, self.encoded(), chosen, weights)
        return attributed

    def blank(self) -> Tensor:
        """Predict where the encoded samples are 0."""
        zeros = torch.zeros_like(self.encoded())
        return written(self.flat)(self.parameters_PxW, self.batch, {"encoded": zeros})

    def without(self, removal: str, others: Tensor) -> Without:
        """Make what predicts without positions.

        Args:
            removal: one of `REMOVALS`.
            others: CxBxT..., inputs of other samples, see `leave_one_out.others`.
        """
        replicas, inputs = len(self.parameters_PxW), self.batch.inputs
        if removal == "removed":
            rows = self.rows()
            return lambda gone, draw: self.weighed(without_weight(rows, gone.expand(rows.shape[:2] + rows.shape[-1:])))
        values = self.encoded() if removal == "zeroed" else inputs.expand(replicas, *inputs.shape)

        def without(gone: Tensor, draw: int) -> Tensor:
            gone = gone.expand(values.shape[:3])
            gone = gone if values.dim() == 3 else gone.unsqueeze(-1)
            if removal == "zeroed":
                return self.answer(encoded=values.masked_fill(gone, 0.0))
            return self.answer(inputs=torch.where(gone, others[draw], values))

        return without


class _Encoding(torch.nn.Module):
    """A model's `encode` as a module's call, so that it can be called with other parameters."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> Tensor:
        encoded: Tensor = self.model.encode(batch)  # type: ignore[operator]
        return encoded
