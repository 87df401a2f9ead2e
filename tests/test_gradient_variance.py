"""Signal and noise of the policy's gradient, against gradients taken one by one.

Shapes: N draws, G glimpses, B samples, T positions.
"""

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import torch
from test_scripts import ROOT
from tiny_configs import tiny_config, tiny_dataset, tiny_model

from attnseq.models.hard_attention import HardAttention
from attnseq.objectives.mse import MeanSquaredError
from attnseq.objectives.reinforce import with_policy
from attnseq.runs.job import Job
from attnseq.runs.run import run


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("gradient_variance")


def test_signal_and_noise_are_those_of_gradients_one_by_one(script: ModuleType) -> None:
    task = tiny_dataset("abs_difference").task
    model = tiny_model("hard_attention", glimpses=2).build(task.spec).double()
    assert isinstance(model, HardAttention)
    numbers = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(torch.randn(value.shape, generator=numbers, dtype=torch.float64))
    batch = task.splits().train.first(4)
    uniform_NxGxBxT = torch.rand(300, 2, 4, 10, generator=numbers, dtype=torch.float64)
    gradients = []
    for uniform_GxBxT in uniform_NxGxBxT:
        output = model(batch._replace(draws={"looks": uniform_GxBxT}), training=True)
        assert output.policy is not None
        loss = with_policy(MeanSquaredError(task.spec.target)(output, batch), output.policy).mean()
        gradients.append(torch.cat([each.flatten() for each in torch.autograd.grad(loss, model.policy.parameters())]))
    gradients_NxW = torch.stack(gradients)
    signal, noise = script.noise_of(model, MeanSquaredError(task.spec.target), batch, uniform_NxGxBxT)
    # without bias: the mean over all pairs of two draws
    pairs_NxN = gradients_NxW @ gradients_NxW.T
    assert signal**2 == pytest.approx(float(pairs_NxN.sum() - pairs_NxN.trace()) / (300 * 299), rel=1e-6)
    assert signal > 0
    assert noise == pytest.approx(float((gradients_NxW - gradients_NxW.mean(dim=0)).square().sum() / 299) ** 0.5)


def test_a_line_for_each_way_to_make_the_gradient(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "DRAWS", 8)
    run(Job(tiny_config("abs_difference", "hard_attention"), tmp_path / "run"))
    script.main([str(tmp_path / "run")])
    head, *lines = capsys.readouterr().out.splitlines()[-4:]
    assert head.split() == ["gradient", "signal", "noise", "(noise/signal)^2", "run"]
    assert [line[:20].strip() for line in lines] == ["reinforce, baseline", "reinforce", "gumbel"]
    for line in lines:
        signal, noise, ratio = line[20:].split()[:3]
        expected = "-" if not float(signal) else pytest.approx((float(noise) / float(signal)) ** 2, rel=0.05, abs=0.1)
        assert (ratio if ratio == "-" else float(ratio)) == expected


def test_another_model_has_no_policy(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(Job(tiny_config("abs_difference", "mlp_attention"), tmp_path / "run"))
    with pytest.raises(SystemExit):
        script.main([str(tmp_path / "run")])
    assert "run: not a run of model=hard_attention" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        script.main([str(tmp_path / "missing")])
    assert "missing: no such folder" in capsys.readouterr().err
