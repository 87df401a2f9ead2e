"""The style of all pictures: colours, font, resolution. What a user's matplotlibrc says does not change it.

Colours are Okabe and Ito's, made for the colour-blind. Those that stand side by side differ in lightness, too, and
curves in dashes and markers, so that a picture can be read when it is printed in grey.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

ATTENTION, RELEVANCE, VALIDATION = "#0072B2", "#E69F00", "#D55E00"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#999999")
"""Colours of curves side by side, with grey in place of Okabe and Ito's yellow, which is too pale on white."""
DASHES = ("-", "--", ":", "-.", "-", ":", "--", "-.")
"""Of these curves: two that have the same differ in lightness."""
INK, FAINT, LINES, BAND = "#222222", "#666666", "#DDDDDD", "#EEEEEE"
"""Of letters, of what matters less, of the grid, and behind positions that an answer depends on."""

DPI = 200
"""Dots an inch of PNG files."""
FONT, SMALL = 10.0, 8.5
"""Points of letters: of all, and of names of runs and positions."""
FORMATS = ("png", "pdf", "svg")
"""Of files of pictures."""

RC: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # Matplotlib brings it along, so that it is there on every machine
    "font.size": FONT,
    "axes.titlesize": FONT,  # of panels: as the heading, which is bold
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # publishers refuse Matplotlib's usual type 3
    "svg.hashsalt": "attnseq",  # the same picture is the same file
}

_LOCK = threading.RLock()


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in the style of all pictures inside the block; others wait, since Matplotlib is not safe for threads."""
    from matplotlib import rc_context

    settings: Any = _defaults() | RC
    with _LOCK, rc_context(settings):
        yield


@cache
def _defaults() -> dict[str, Any]:
    """Matplotlib's own settings of how pictures look; its window system is none of them."""
    from matplotlib import rcParamsDefault

    kept_out = ("backend", "interactive", "toolbar", "timezone", "tk.", "webagg.", "macosx.", "keymap.")
    return {name: value for name, value in rcParamsDefault.items() if not name.startswith(kept_out)}
