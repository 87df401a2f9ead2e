"""How and with whom a run is trained: written to its folder before the first step, and kept when the run goes on.

Both decide how numbers are rounded, so a run goes on bit for bit only in the way in which it began.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass
from hashlib import sha256
from pathlib import Path

from attnseq.core.files import write_atomically
from attnseq.training.execution import WAYS, Execution


@dataclass(frozen=True)
class Plan:
    """The plan of one run.

    Args:
        execution: of its population's steps.
        population: a name that all runs of the population share, see `population_name`.
        runs: how many runs the population has.
        row: of this run among them, from 0.
    """

    execution: Execution
    population: str
    runs: int
    row: int


def population_name(folders: Iterable[Path]) -> str:
    """Make a name for the runs of some folders, in this order."""
    return sha256("\n".join(str(folder.absolute()) for folder in folders).encode()).hexdigest()[:16]


def save_plan(path: Path, plan: Plan) -> None:
    """Write a plan atomically; raises OSError as `write_atomically`."""
    write_atomically(path, (json.dumps(asdict(plan), indent=2) + "\n").encode(), durable=False)


def load_plan(path: Path) -> Plan | None:
    """Read a plan; None where there is none that can be read: the run is then planned anew."""
    try:
        content = json.loads(path.read_text())
        plan = Plan(**content | {"execution": Execution(**content["execution"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    way, reason, shards = astuple(plan.execution)
    words = all(isinstance(value, str) for value in (way, reason, plan.population))
    numbers = all(type(value) is int for value in (shards, plan.runs, plan.row))
    return (
        plan if words and numbers and way in WAYS and 0 <= plan.row < plan.runs and 1 <= shards <= plan.runs else None
    )
