"""Names of runs side by side: what differs among them, the seed last, and nothing that all of them share."""

from collections import Counter
from collections.abc import Sequence

from attnseq.comparison.variants import DATASET_SEED, config_keys, naming_keys, short_keys, written
from attnseq.runs.reading import RunRecord, Value

LONGEST = 150
"""Characters of a name: less than a file system allows."""


def differing_keys(runs: Sequence[RunRecord]) -> list[str]:
    """List the keys in which runs differ: those that name variants first, then the seeds.

    Args:
        runs: found; those whose config is not known do not count.
    """
    known = [run for run in runs if run.config]
    return [key for key in dict.fromkeys([*naming_keys(known), DATASET_SEED, "seed"]) if _differs(known, key)]


def run_names(runs: Sequence[RunRecord]) -> list[str]:
    """Name each run, such as "lstm_attention element seed=3", "learning_rate=0.003 seed=7" or "seed=5".

    Words stand by themselves, without their key. Runs that differ in nothing are told apart by their folders.

    Args:
        runs: found.

    Returns:
        A name for each, none twice, without a slash: TensorBoard would take what stands before it for a folder.
    """
    keys, short = differing_keys(runs), short_keys(config_keys(runs))
    names = [_name(run, keys or ["model.name", "seed"], short) for run in runs]
    counts = Counter(names)
    return _told_apart(
        [name if counts[name] == 1 else f"{name} ({_sweep(run)})" for name, run in zip(names, runs, strict=True)]
    )


def as_folder(name: str) -> str:
    """Make a name that a folder can have, and that TensorBoard shows whole: without slashes, and not too long."""
    name = name.replace("/", " ").replace("\\", " ").strip() or "run"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _name(run: RunRecord, keys: Sequence[str], short: dict[str, str]) -> str:
    if not run.config:
        return as_folder(str(run.path))
    return as_folder(" ".join(_part(short.get(key, key), run.config[key]) for key in keys if key in run.config))


def _part(key: str, value: Value) -> str:
    return value if isinstance(value, str) else f"{key}={written(value)}"


def _sweep(run: RunRecord) -> str:
    """Return the name of the folder that holds a run's variants."""
    return run.path.resolve().parent.parent.name


def _told_apart(names: Sequence[str]) -> list[str]:
    """Append a number to each name that is there twice."""
    counts, used = Counter(names), Counter[str]()
    told = []
    for name in names:
        used[name] += 1
        told.append(name if counts[name] == 1 else f"{name} #{used[name]}")
    return told


def _differs(runs: Sequence[RunRecord], key: str) -> bool:
    return len({run.config.get(key, ...) for run in runs}) > 1
