"""Summaries as TensorBoard's own parsers read them."""

import pytest
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import api_pb2, metadata

from attnseq.report import summaries


def test_a_description_stands_beside_a_scalar() -> None:
    (point,) = summaries.scalar("test/loss", 0.25, "once").value
    assert (point.tag, point.simple_value, point.metadata.summary_description) == ("test/loss", 0.25, "once")
    assert not summaries.scalar("loss/train", 0.5).value[0].HasField("metadata")


def test_columns_of_hyperparameters_and_metrics_in_their_order() -> None:
    values = {"model.name": ["mlp", "lstm"], "trainer.learning_rate": [0.1, 0.001], "seed": [1, 1]}
    (value,) = summaries.experiment(values, {"loss/validation": "validation loss", "test/loss": "test loss"}).value
    experiment = metadata.parse_experiment_plugin_data(value.metadata.plugin_data.content)
    assert [(info.name, info.differs) for info in experiment.hparam_infos] == [
        ("model.name", True),
        ("trainer.learning_rate", True),
        ("seed", False),
    ]
    name, rate, _ = experiment.hparam_infos
    assert name.type == api_pb2.DATA_TYPE_STRING
    assert (rate.type, rate.domain_interval.min_value, rate.domain_interval.max_value) == (
        api_pb2.DATA_TYPE_FLOAT64,
        pytest.approx(0.001),
        pytest.approx(0.1),
    )
    assert [(info.name.tag, info.display_name) for info in experiment.metric_infos] == [
        ("loss/validation", "validation loss"),
        ("test/loss", "test loss"),
    ]


def test_a_band_has_its_curve_and_both_ends() -> None:
    (value,) = summaries.band_layout({"loss": {"validation": ["mean", "low", "high"]}}).value
    layout = layout_pb2.Layout.FromString(value.tensor.string_val[0])
    (series,) = layout.category[0].chart[0].margin.series
    assert (series.value, series.lower, series.upper) == ("mean", "low", "high")
