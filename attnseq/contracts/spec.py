"""What the samples of a task look like: all that a model is built by, known before there is a sample. No PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """Sequences of tokens: numbers from 0 to vocabulary - 1.

    Args:
        length: positions of the longest sequence: T of inputs, K of targets.
        vocabulary: D.
        padded: whether sequences may be shorter.
        symbols: names of the tokens for people, in order; an end symbol has none. Empty: they are shown as numbers.
        end: of targets: the last token of the vocabulary is an end symbol, which stands once, after the last token of
            each answer; `length` and `vocabulary` count it.

    Raises:
        ValueError: there are more or fewer symbols than tokens.
    """

    length: int
    vocabulary: int
    padded: bool = False
    symbols: tuple[str, ...] = ()
    end: bool = False

    def __post_init__(self) -> None:
        if self.symbols and len(self.symbols) != self.vocabulary - self.end:
            raise ValueError(f"{len(self.symbols)} symbols for {self.vocabulary - self.end} tokens")

    @property
    def in_characters(self) -> bool:
        """Whether a sequence is written as a string, a character a token."""
        return bool(self.symbols) and all(len(symbol) == 1 for symbol in self.symbols)

    def names(self, tokens: Sequence[int]) -> list[str]:
        """Name tokens; there is no end symbol among them."""
        return [self.symbols[token] if self.symbols else str(token) for token in tokens]

    def text(self, tokens: Sequence[int]) -> str:
        """Write tokens: characters as a string, others with blanks between their names."""
        return ("" if self.in_characters else " ").join(self.names(tokens))


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
    """One number.

    Args:
        scale: what to multiply it by to get a value in its unit; `offset` is then added.
        unit: in words, such as "units of the answer".
        whole: whether that value is a whole number, so that a rounded prediction can be right.
        offset: in its unit.
        bounded: whether it lies in [0, 1] unless it is noisy; else it may be any number, standardised.
    """

    scale: float = 1.0
    unit: str = ""
    whole: bool = False
    offset: float = 0.0
    bounded: bool = True


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
    """Inputs and target of a task's samples.

    Args:
        inputs: what a model is shown.
        target: what it predicts.
        grows: whether an answer in tokens has as many more positions as the inputs have.
    """

    inputs: Inputs
    target: Target
    grows: bool = False

    def answer_length(self, positions: int) -> int:
        """Return K for inputs of so many positions, which are T in training; 1 for a number or a class."""
        if not isinstance(self.target, Tokens):
            return 1
        return self.target.length + (positions - self.inputs.length if self.grows else 0)


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
