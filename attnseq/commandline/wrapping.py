"""Help as wide as the terminal: texts wrapped, and what stands beside a name in a column of its own."""

import re
import shutil
from textwrap import wrap
from typing import Any

NARROWEST = 30
"""Columns that a text needs beside its name; with fewer it stands below."""

BELOW = 8
"""Column of a text below its name."""

DEFINED = re.compile(r"( +\S.*?   *)(\S.*)")
"""An indented name, two blanks or more, and its meaning."""

LAST = "Exit status:"
"""What begins a line of its own."""

WIDEST = 120
"""Columns that a line takes at most: longer ones are hard to read."""

OPTIONS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def columns() -> int:
    """Return the columns of a line: the terminal's, or what COLUMNS says; 80 where neither is known."""
    return min(shutil.get_terminal_size().columns, WIDEST)


def hanging(start: str, text: str, width: int) -> str:
    """Wrap a text in the column behind its start or, where there is too little room, below it.

    Args:
        start: with the blanks behind it.
        text: in one line.
        width: of a line.
    """
    beside = width - len(start) >= NARROWEST
    column = len(start) if beside else BELOW
    lines = wrap(text, max(1, width - column), **OPTIONS) or [""]
    first = [start + lines.pop(0)] if beside else [start.rstrip()]
    return "\n".join(line.rstrip() for line in [*first, *(" " * column + line for line in lines)])


def wrapped(text: str, width: int) -> str:
    """Wrap a command's description.

    Args:
        text: paragraphs, and indented lines with a name and its meaning, which may go on in its column below.
        width: of a line.
    """
    parts: list[tuple[str, str]] = []  # the start of each part, "" for a paragraph; what is wrapped behind it
    for line in text.strip("\n").split("\n"):
        defined = DEFINED.fullmatch(line)
        indent = len(line) - len(line.lstrip())
        start, before = parts[-1] if parts else ("", "")
        if not line.strip():
            parts.append(("", ""))
        elif defined:
            parts.append((defined[1], defined[2]))
        elif before and indent == len(start) and not line.startswith(LAST):
            parts[-1] = start, f"{before} {line.strip()}"
        else:
            parts.append((line[:indent], line.strip()))
    return "\n".join(hanging(*part, width) for part in parts)
