"""What tasks share whose samples are drawn by the config alone, those of each split from a stream of its own."""

from abc import abstractmethod

from attnseq.contracts.batch import Batch
from attnseq.contracts.task import Splits, Task


class DrawnTask(Task):
    """A task that draws its samples.

    Attributes:
        sizes: samples of train, validation and test.
        seed: 0 or more.
    """

    sizes: tuple[int, int, int]
    seed: int

    def splits(self) -> Splits:
        return Splits(*(self.draw(name, size) for name, size in zip(Splits._fields, self.sizes, strict=True)))

    @abstractmethod
    def draw(self, name: str, size: int) -> Batch:
        """Draw the samples of a split, by its name, with their targets.

        The first ones do not depend on how many there are.
        """
