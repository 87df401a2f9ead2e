"""What the samples of a task look like: all that a model is built by, known before there is a sample. No PyTorch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """Sequences of tokens: numbers from 0 to vocabulary - 1.

    Args:
        length: positions of the longest sequence: T of inputs, K of targets.
        vocabulary: D.
        padded: whether sequences may be shorter.
    """

    length: int
    vocabulary: int
    padded: bool = False


@dataclass(frozen=True)
class Reals:
    """Sequences of real numbers.

    Args:
        length: T, positions of the longest sequence.
        features: F, numbers a position.
        padded: whether sequences may be shorter.
    """

    length: int
    features: int = 1
    padded: bool = False


@dataclass(frozen=True)
class Scalar:
    """One number, which lies in [0, 1] unless it is noisy.

    Args:
        scale: what to multiply it by to get a value in its unit.
        unit: in words, such as "units of the answer".
        whole: whether that value is a whole number, so that a rounded prediction can be right.
    """

    scale: float = 1.0
    unit: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Classes:
    """One of some classes.

    Args:
        names: of the classes, in order.
    """

    names: tuple[str, ...]

    @property
    def number(self) -> int:
        return len(self.names)


Inputs = Tokens | Reals
Target = Scalar | Classes | Tokens


@dataclass(frozen=True)
class Spec:
    """Inputs and target of a task's samples."""

    inputs: Inputs
    target: Target


def described(kind: Inputs | Target) -> str:
    """Describe a kind in words, for errors of models that cannot take it."""
    words = {
        Tokens: "tokens",
        Reals: "real numbers",
        Scalar: "a number",
        Classes: "a class",
    }[type(kind)]
    features = f" ({kind.features} a position)" if isinstance(kind, Reals) and kind.features > 1 else ""
    padded = " of lengths that differ" if isinstance(kind, Tokens | Reals) and kind.padded else ""
    return words + features + padded
