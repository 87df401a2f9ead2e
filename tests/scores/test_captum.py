"""Attributions against Captum's, where it is installed: the same numbers by other people's code."""

import pytest
import torch
from tiny_specs import SPECS, batch_of, model_of
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.model import Model
from attnseq.scores.explained import Explained
from attnseq.scores.gradients import gradient_x_input, integrated_gradients
from attnseq.scores.leave_one_out import leave_one_out

attr = pytest.importorskip("captum.attr", reason="Captum is not installed (extra dev)")

CASES = [
    ("tokens to number", "lstm_attention"),
    ("padded reals to class", "lstm_hidden"),
    ("tokens to answer", "query_attention"),
]


class Asked:
    """A model, samples, and what of its answers is explained."""

    def __init__(self, spec: str, choice: str):
        self.batch = batch_of(SPECS[spec])._replace(draws=None)
        self.model: Model = model_of(choice, SPECS[spec])
        self.encoded = self.model.encode(self.batch).detach()
        self.explained = Explained(SPECS[spec].target, self.batch.targets)
        prediction = self.model(self.batch._replace(targets=None)).prediction.detach()
        self.prediction, self.chosen = prediction, self.explained.chosen(prediction)

    def says(self, encoded: Tensor) -> Tensor:
        """Of any number of copies of the samples, as Captum asks for many at once."""
        copies = len(encoded) // self.batch.size

        def repeated(values: Tensor | None) -> Tensor | None:
            return None if values is None else values.repeat(copies, *[1] * (values.dim() - 1))

        batch = Batch(self.batch.inputs.repeat(copies, *[1] * (self.batch.inputs.dim() - 1)), encoded=encoded)
        batch = batch._replace(lengths=repeated(self.batch.lengths))
        explained = Explained(self.explained.target, repeated(self.batch.targets))
        return explained.says(self.model(batch).prediction, repeated(self.chosen))


@pytest.mark.parametrize(("spec", "choice"), CASES)
def test_gradient_x_input(spec: str, choice: str) -> None:
    asked = Asked(spec, choice)
    theirs = attr.InputXGradient(asked.says).attribute(asked.encoded.clone().requires_grad_())
    torch.testing.assert_close(gradient_x_input(asked.says, asked.encoded), theirs.detach().sum(dim=-1))


@pytest.mark.parametrize(("spec", "choice"), CASES)
def test_integrated_gradients_and_their_completeness(spec: str, choice: str) -> None:
    asked = Asked(spec, choice)
    ours = integrated_gradients(asked.says, asked.encoded, steps=64)
    theirs, error = attr.IntegratedGradients(asked.says).attribute(
        asked.encoded.clone().requires_grad_(), n_steps=64, method="gausslegendre", return_convergence_delta=True
    )
    torch.testing.assert_close(ours, theirs.detach().sum(dim=-1), atol=1e-6, rtol=1e-5)
    whole = asked.says(asked.encoded) - asked.says(torch.zeros_like(asked.encoded))
    torch.testing.assert_close(ours.sum(dim=-1) - whole, error.detach(), atol=1e-6, rtol=0)
    present = asked.batch.present()
    assert present is None or not ours[~present].any()


@pytest.mark.parametrize(("spec", "choice"), CASES)
def test_leave_one_out_is_occlusion(spec: str, choice: str) -> None:
    asked = Asked(spec, choice)
    window = (1, *asked.encoded.shape[2:])
    theirs = attr.Occlusion(asked.says).attribute(asked.encoded, sliding_window_shapes=window)[..., 0]

    def without(gone_T: Tensor, draw: int) -> Tensor:
        encoded = asked.encoded.masked_fill(gone_T.unsqueeze(-1), 0.0)
        return asked.says(encoded)

    def change(said: Tensor) -> Tensor:
        return (asked.says(asked.encoded) - said).abs()

    ours = leave_one_out(without, change, asked.encoded.shape[1], 1, asked.batch.present())
    torch.testing.assert_close(ours.float(), theirs.detach().abs(), atol=1e-4, rtol=1e-4)  # Captum's is float32
