"""The runs by which the article's claims are tested: variants side by side, each with its seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.naming import variant_name
from attnseq.sweep.cost import Costs
from attnseq.sweep.grouping import group

MANY, FEW = 32, 8
"""Seeds of the variants on which most hangs, and of the others."""

ATTENTIONS = ("time", "element", "feature")
"""Of the article."""
CONTROLS = ("none", "uniform", "position", "operands", "oracle")
"""What they are held against: see `models.lstm_attention_config`."""
LENGTHS = (5, 10, 20)
"""Of the sequences that an encoder-decoder reverses."""


@dataclass(frozen=True)
class Variant:
    """A variant.

    Args:
        label: by which claims call it.
        overrides: of its config.
        seeds: how many, from 0 on, at full size.
    """

    label: str
    overrides: tuple[str, ...]
    seeds: int = FEW

    @property
    def analysed(self) -> bool:
        """Whether claims ask what moves its answers."""
        return self.seeds == MANY


def _variants() -> Iterable[Variant]:
    yield Variant("mlp", ("experiment=claims", "model=mlp_attention"), MANY)
    for attention in (*ATTENTIONS, *CONTROLS):
        seeds = MANY if attention in ("time", "none") else FEW
        yield Variant(f"lstm {attention}", ("experiment=claims", f"model.attention={attention}"), seeds)
    # the theory half, at the size of the experiments that ship
    for model in ("lstm_attention", "hard_attention"):
        yield Variant(model, ("experiment=attention_kinds", f"model={model}"))
    for attention in ("none", "additive"):
        for length in LENGTHS:
            overrides = ("experiment=reverse_length", f"model.attention={attention}", f"dataset.length={length}")
            yield Variant(f"reverse {attention} {length}", overrides)


VARIANTS = tuple(_variants())


def claim_jobs(
    configs: Mapping[Variant, RunConfig], root: Path, seeds: int | None = None
) -> dict[Variant, dict[int, Job]]:
    """Make the runs of each variant, by seed.

    Args:
        configs: of each variant; the seed is replaced.
        root: folder of all runs.
        seeds: most of each variant; None: all.
    """
    jobs: dict[Variant, dict[int, Job]] = {}
    for variant, config in configs.items():
        count = variant.seeds if seeds is None else min(variant.seeds, seeds)
        each = [replace(config, seed=seed) for seed in range(count)]
        jobs[variant] = {run.seed: Job(run, root / _folder(run)) for run in each}
    return jobs


def estimated_seconds(jobs: Sequence[Job], cores: int) -> float:
    """Estimate how long the runs that are not finished will train; a step of each of their programs is taken.

    Args:
        jobs: of any mixture.
        cores: that they may use.
    """
    waiting = [job for job in jobs if job.folder.result() is None]
    cost = Costs()
    return sum(cost(members, cores) for members in group(waiting))


def _folder(config: RunConfig) -> str:
    return f"{variant_name(asdict(config))}/seed={config.seed}"
