"""What tasks share whose samples are drawn by the config alone, those of each split from a stream of its own."""

from abc import abstractmethod
from collections.abc import Iterator

from attnseq.contracts.batch import Batch
from attnseq.contracts.task import Splits, Task


class DrawnTask(Task):
    """A task that draws its samples.

    Attributes:
        sizes: samples of train, validation and test.
        seed: 0 or more.
        test_lengths: of further test samples, as many of each length as the test split has.
    """

    sizes: tuple[int, int, int]
    seed: int
    test_lengths: tuple[int, ...] = ()

    def splits(self) -> Splits:
        return Splits(*(self.draw(name, size) for name, size in zip(Splits._fields, self.sizes, strict=True)))

    def tests(self) -> Iterator[tuple[int, Batch]]:
        for length in self.test_lengths:
            yield length, self.draw_length(length, self.sizes[2])

    @abstractmethod
    def draw(self, name: str, size: int) -> Batch:
        """Draw the samples of a split, by its name, with their targets.

        The first ones do not depend on how many there are.
        """

    def draw_length(self, length: int, size: int) -> Batch:
        """Draw samples of exactly this length from a stream of their own, with their targets.

        The first ones depend on neither how many there are nor the length of training.
        """
        raise NotImplementedError
