"""What controls are, in words: attention that a learnt one is held against. Keys of configs need no PyTorch."""

CONTROLS = {
    "position": "learnt, a weight a position whatever stands there",
    "uniform": "frozen, 1/T each",
    "operands": "frozen, the same for all positions that count",
    "oracle": "frozen, the exact relevance",
}
"""Kinds of control, and what each weight is; `layers/controls.py` computes them."""

WORDS = {"position": "positional", "uniform": "uniform", "operands": "operand", "oracle": "oracle"}
"""What their attention is called in headings."""

BY_TRUTH = ("operands", "oracle")
"""Those that the task's relevance decides."""
