"""What numbers and attention are called in TensorBoard: groups of cards, in the order in which people look at them.

TensorBoard sorts groups by name, so the names make the order: loss, metrics, scores, steps, test, views, weights.
"""

from __future__ import annotations

from attnseq.contracts.measures import split_of

LOSS, METRICS, SCORES, STEPS, TEST, VIEWS = "loss", "metrics", "scores", "steps", "test", "views"

WEIGHTS = "weights of attention"
"""Called so since "weights" alone would be a model's parameters."""

ORDER = "kendall|somers|rank_agreement"
"""Scores that reach down to -1: they have a chart of their own, or shares would be pressed flat."""
UNITS = "entropy|answer_change"
"""Scores in nats, or in the answer's unit, which would press shares flat, too."""
DETECTION = "auroc|auprc|aup|aur"

LAYOUT = {
    "loss": {"training and validation": [f"{LOSS}/(train|validation)$"]},
    "attention": {
        "scores": [f"{SCORES}/(?!.*({UNITS}|{ORDER}|{DETECTION})$)"],
        "telling what counts from the rest": [f"{SCORES}/({DETECTION})$"],
        "order of positions": [f"{SCORES}/({ORDER})$"],
    },
}
"""Charts of the tab Custom Scalars, by category: regular expressions of tags."""


def number_tag(name: str) -> str:
    """Return the tag of a number: "loss/train", "metrics/mae/validation", "test/exact@20", "scores/entropy".

    Args:
        name: in history.csv and result.json: "loss/train", "mae/validation", "mae/test", "attention/entropy",
            "relevance/auroc". Scores of other groups keep these in their tag: "scores/mine/gini".
    """
    measure, _, rest = name.partition("/")
    split = split_of(name)
    if split == "test":
        return f"{TEST}/{measure}{rest.removeprefix('test')}"
    if measure == LOSS:
        return name
    if not rest or split == "validation":
        return f"{METRICS}/{name}"
    return f"{SCORES}/{rest if measure in ('attention', 'relevance') else name}"


def weights_tag(attention: str, position: str) -> str:
    """Return the tag of a position's histogram: "weights of attention/1 a hundreds".

    Args:
        attention: "attention" for the one that explains the prediction, else "attention/<name>".
        position: what it is called.
    """
    return f"{WEIGHTS}{_other(attention)}/{position.replace('/', ' ')}"


def view_tag(attention: str, view: str) -> str:
    """Return the tag of a picture: "views/mean attention".

    Args:
        attention: as for `weights_tag`.
        view: what it shows, such as "mean attention".
    """
    return f"{VIEWS}/{view}{_other(attention)}"


def _other(attention: str) -> str:
    name = attention.partition("/")[2]
    return f", {name}" if name else ""


def is_of(tag: str, group: str) -> bool:
    """Tell whether a tag is of a group."""
    return tag.startswith(f"{group}/")
