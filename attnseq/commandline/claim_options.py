"""The command line of `python -m attnseq.claims`: its own options, and overrides for all runs alike."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from attnseq.commandline.arguments import choose, fail, refuse_empty
from attnseq.commandline.checking import checked
from attnseq.commandline.composition import compose_config
from attnseq.runs.config import RunConfig

OPTIONS = ("seeds", "train")
"""Keys of the command itself."""
VARIED = ("name", "seed", "model", "dataset", "experiment", "trainer", "model.attention", "dataset.length")
"""Keys that the variants set."""
HARMLESS = ("device", "overwrite", "trainer.compile", "trainer.checkpoint_minutes")
"""Keys that change no figure but by rounding."""


class ClaimOptions(NamedTuple):
    """What was asked for.

    Args:
        overrides: of the configs of all runs.
        seeds: most of each variant; None: all.
        trains: whether runs that are not finished are trained.
    """

    overrides: tuple[str, ...]
    seeds: int | None
    trains: bool

    @property
    def is_quick(self) -> bool:
        """Whether runs are of another size than the claims are about."""
        return self.seeds is not None or any(each.partition("=")[0] not in HARMLESS for each in self.overrides)


def claim_options(arguments: Sequence[str]) -> ClaimOptions:
    """Read the command line; end the program with exit status 2 where something is not allowed."""
    refuse_empty(arguments)
    pairs = [(argument, *argument.partition("=")[::2]) for argument in arguments]
    own = {key: value for _, key, value in pairs if key in OPTIONS}
    overrides = tuple(argument for argument, key, _ in pairs if key not in OPTIONS)
    for override in overrides:
        key = override.lstrip("+~").partition("=")[0]
        if key.partition("@")[0] in VARIED:
            fail(f"{override}: the variants that are compared set it")
        if key.partition(".")[0].partition("/")[0] == "hydra":
            fail(f"{override}: nothing reads it here; the runs train together, as with hydra/launcher=fused")
    (trains,) = choose("train", own.get("train", "true"), ("true", "false"), single=True)
    return ClaimOptions(overrides, _seeds(own), trains == "true")


def compose_variant(variant: Sequence[str], name: str, options: ClaimOptions) -> RunConfig:
    """Compose and check the config of a variant.

    Args:
        variant: its overrides.
        name: of the folder of all runs.
        options: of the command line.

    Raises:
        As `compose_config` and `checked`.
    """
    return checked(compose_config([*variant, f"name={name}", *options.overrides]))


def _seeds(own: Mapping[str, str]) -> int | None:
    text = own.get("seeds", "1")
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        fail(f"seeds={text}: must be a whole number, 1 or more")
    return int(text) if "seeds" in own else None
