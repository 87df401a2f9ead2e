"""What event files hold, as TensorBoard's own messages. PyTorch makes them, too, but takes seconds to import."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import metadata as layout_metadata
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.plugins.text import metadata as text_metadata

Charts = Mapping[str, Mapping[str, Sequence[str]]]
"""Categories, charts, and what each chart shows."""


def scalar(tag: str, value: float, description: str = "") -> Summary:
    """Make a point of a curve.

    Args:
        tag: of the curve.
        value: of the point.
        description: of the curve, which is shown beside its tag.
    """
    point = Summary.Value(tag=tag, simple_value=float(value))
    if description:
        point.metadata.plugin_data.plugin_name = scalar_metadata.PLUGIN_NAME
        point.metadata.summary_description = description
    return Summary(value=[point])


def image(tag: str, png: bytes) -> Summary:
    """Make a picture of the bytes of a PNG file."""
    width, height = struct.unpack(">II", png[16:24])  # every PNG has its size there
    picture = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
    return Summary(value=[Summary.Value(tag=tag, image=picture)])


def histogram(tag: str, **fields: Any) -> Summary:
    """Make a histogram.

    Args:
        tag: of the histogram.
        fields: of `HistogramProto`: min, max, num, sum, sum_squares, bucket_limit and bucket.
    """
    return Summary(value=[Summary.Value(tag=tag, histo=HistogramProto(**fields))])


def text(tag: str, markdown: str) -> Summary:
    """Make a text, shown as Markdown."""
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    return _tensor(f"{tag}/text_summary", text_metadata.create_summary_metadata("", ""), markdown.encode(), shape)


def layout(charts: Charts) -> Summary:
    """Lay out the tab Custom Scalars.

    Args:
        charts: the regular expressions of the tags that a chart shows.
    """
    return _layout({name: {title: _lines(tags) for title, tags in each.items()} for name, each in charts.items()})


def band_layout(charts: Charts) -> Summary:
    """Lay out the tab Custom Scalars with a curve in a band in each chart.

    Args:
        charts: three tags of each chart: of the curve, and of the lower and upper end of the band.
    """
    return _layout({name: {title: _band(*tags) for title, tags in each.items()} for name, each in charts.items()})


def session_start(hparams: Mapping[str, Any]) -> Summary:
    """Begin a row of the tab HParams.

    Args:
        hparams: by name. Whole numbers are given as text, since TensorBoard writes numbers with five digits: 1337.0.
    """
    start = plugin_data_pb2.SessionStartInfo()
    for name, value in hparams.items():
        if isinstance(value, float):
            start.hparams[name].number_value = value
        else:
            start.hparams[name].string_value = str(value)
    content = plugin_data_pb2.HParamsPluginData(session_start_info=start)
    return _hparams(hparams_metadata.SESSION_START_INFO_TAG, content)


def session_end() -> Summary:
    """End a row of the tab HParams: the run has finished."""
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS)
    return _hparams(hparams_metadata.SESSION_END_INFO_TAG, plugin_data_pb2.HParamsPluginData(session_end_info=end))


def experiment(hparams: Mapping[str, Sequence[Any]], metrics: Mapping[str, str]) -> Summary:
    """Choose the columns of the tab HParams, for all runs.

    Args:
        hparams: the values of each, by name in the order of the columns; all numbers with a fraction, or none.
        metrics: what each is called, by tag in the order of the columns.
    """
    infos = [api_pb2.HParamInfo(name=name, **_domain(values)) for name, values in hparams.items()]
    named = [
        api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=called) for tag, called in metrics.items()
    ]
    content = plugin_data_pb2.HParamsPluginData(experiment=api_pb2.Experiment(hparam_infos=infos, metric_infos=named))
    return _hparams(hparams_metadata.EXPERIMENT_TAG, content)


def _domain(values: Sequence[Any]) -> dict[str, Any]:
    differs = len(set(values)) > 1
    if all(isinstance(value, float) for value in values):
        interval = api_pb2.Interval(min_value=min(values), max_value=max(values))
        return {"type": api_pb2.DATA_TYPE_FLOAT64, "domain_interval": interval, "differs": differs}
    return {"type": api_pb2.DATA_TYPE_STRING, "differs": differs}


def _hparams(tag: str, content: plugin_data_pb2.HParamsPluginData) -> Summary:
    metadata = hparams_metadata.create_summary_metadata(content)
    return Summary(value=[Summary.Value(tag=tag, metadata=metadata, tensor=hparams_metadata.NULL_TENSOR)])


def _lines(tags: Sequence[str]) -> dict[str, Any]:
    return {"multiline": layout_pb2.MultilineChartContent(tag=tags)}


def _band(curve: str, lower: str, upper: str) -> dict[str, Any]:
    series = layout_pb2.MarginChartContent.Series(value=curve, lower=lower, upper=upper)
    return {"margin": layout_pb2.MarginChartContent(series=[series])}


def _layout(categories: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Summary:
    made = [
        layout_pb2.Category(title=name, chart=[layout_pb2.Chart(title=title, **each) for title, each in charts.items()])
        for name, charts in categories.items()
    ]
    metadata, content = layout_metadata.create_summary_metadata(), layout_pb2.Layout(category=made)
    return _tensor(layout_metadata.CONFIG_SUMMARY_TAG, metadata, content.SerializeToString(), TensorShapeProto())


def _tensor(tag: str, metadata: SummaryMetadata, content: bytes, shape: TensorShapeProto) -> Summary:
    tensor = TensorProto(dtype="DT_STRING", string_val=[content], tensor_shape=shape)
    return Summary(value=[Summary.Value(tag=tag, metadata=metadata, tensor=tensor)])
