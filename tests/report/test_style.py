"""The style of all pictures: the same on every machine, and readable in grey."""

from itertools import combinations, pairwise

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb

from attnseq.report.style import ATTENTION, BAND, DASHES, RELEVANCE, SERIES, drawing


def lightness(colour: str) -> float:
    """L* of CIELAB, 0 for black to 100 for white: what is left of a colour in a print in grey."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * luminance ** (1 / 3) - 16


def test_bars_side_by_side_can_be_told_apart_in_grey() -> None:
    shades = [lightness(colour) for colour in ("#000000", ATTENTION, RELEVANCE, BAND)]
    assert all(darker + 20 < lighter for darker, lighter in pairwise(shades))


def test_curves_of_one_dash_differ_in_lightness() -> None:
    assert len(set(SERIES)) == len(SERIES)
    for one, other in combinations(range(len(SERIES)), 2):
        if DASHES[one] == DASHES[other]:
            assert abs(lightness(SERIES[one]) - lightness(SERIES[other])) > 8


def test_a_users_own_style_changes_nothing_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"font.size": 33.0, "font.family": ["serif"], "axes.facecolor": "black", "legend.frameon": True}
    with mpl.rc_context(own):
        with drawing():
            assert mpl.rcParams["font.family"] == ["DejaVu Sans"]
            assert (mpl.rcParams["font.size"], mpl.rcParams["axes.facecolor"]) == (10.0, "white")
        assert {name: mpl.rcParams[name] for name in own} == own


def test_the_window_system_is_left_alone() -> None:
    before = mpl.rcParams._get("backend") if hasattr(mpl.rcParams, "_get") else None
    with drawing():
        pass
    assert before == (mpl.rcParams._get("backend") if hasattr(mpl.rcParams, "_get") else None)
