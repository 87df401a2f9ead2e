"""The picture of a variant: what has bars, and the names of files."""

import io
from types import SimpleNamespace
from typing import Any, cast

from PIL import Image
from tiny_configs import tiny_config

from attnseq.analysis.analysing import Analysed
from attnseq.analysis.picture import LONGEST, file_name, variant_picture
from attnseq.analysis.subjects import Subject


def run(**positions: list[float] | None) -> Analysed:
    known: dict[str, Any] = dict.fromkeys(("attention", "relevance", "gradient_x_input", "leave_one_out"))
    config = tiny_config("abs_difference")
    subject = cast("Subject", SimpleNamespace(config=config))
    return Analysed(subject, {"positions": known | positions, "settings": {"samples": 20}})


def pixels(content: bytes) -> Any:
    return Image.open(io.BytesIO(content)).convert("RGB")


def test_every_seed_and_kind_changes_it() -> None:
    tens = [0.1 * number for number in range(1, 11)]
    all_of = {"attention": tens, "relevance": tens[::-1], "gradient_x_input": tens, "leave_one_out": tens}
    whole = variant_picture("a variant", [run(**all_of), run(**all_of | {"attention": tens[::-1]})])
    lacking = variant_picture("a variant", [run(**all_of | {"relevance": None})])
    assert pixels(whole).size[0] == pixels(lacking).size[0] > 1000
    assert whole != lacking
    assert whole == variant_picture("a variant", [run(**all_of), run(**all_of | {"attention": tens[::-1]})])


def test_nothing_attended_to_has_no_bars() -> None:
    assert pixels(variant_picture("plain", [run(attention=None, leave_one_out=[1.0] * 10)])).size[0] > 1000


def test_names_of_files_tell_long_variants_apart() -> None:
    assert file_name("lstm_attention learning_rate=1e-3") == "analysis_lstm_attention,learning_rate=1e-3"
    one, other = file_name("x" * 200 + "1"), file_name("x" * 200 + "2")
    assert len(one) == len(other) == LONGEST
    assert one != other
