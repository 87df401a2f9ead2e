"""Help is as wide as the terminal, and what a name means stands in a column."""

from attnseq.commandline.wrapping import hanging, wrapped

TEXT = """What it does: a line
and another.

    out=FILE   where to write,
               which may be long
    port=6006  a number

    a line that names nothing
More of it. It
Exit status: 0
"""


def test_paragraphs_and_meanings_are_wrapped_each_for_itself() -> None:
    assert wrapped(TEXT, 48).split("\n") == [
        "What it does: a line and another.",
        "",
        "    out=FILE   where to write, which may be long",
        "    port=6006  a number",
        "",
        "    a line that names nothing",
        "More of it. It",
        "Exit status: 0",
    ]


def test_a_meaning_goes_on_in_its_column_or_stands_below_its_name() -> None:
    assert hanging("name  ", "one two three four five six seven eight", 36) == (
        "name  one two three four five six\n      seven eight"
    )
    assert hanging("a long name  ", "one two three four five six", 30) == (
        "a long name\n        one two three four\n        five six"
    )
