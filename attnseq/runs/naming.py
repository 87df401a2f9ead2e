"""A run's variant: a short, readable name that the same config always gets."""

import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

UNNAMED = {"trainer": ("compile", "checkpoint_minutes")}
"""Keys of a group that do not decide a run's result."""

LONGEST = 120
"""Characters; a longer name is cut, and told from others by a digest."""


def config_directory() -> Path:
    """The folder of the YAML files: `conf/` beside the package in a checkout, `attnseq/conf/` where it is installed."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def own_folders(config: DictConfig) -> tuple[Path, ...]:
    """The folders of a user's own configs (--config-dir, hydra.searchpath), in the order in which Hydra looks there.

    Args:
        config: composed; without Hydra's own part it has none.
    """
    sources = OmegaConf.select(config, "hydra.runtime.config_sources") or ()
    return tuple(Path(each.path) for each in sources if each.schema == "file" and each.provider != "main")


def variant_name(config: Mapping[str, Any] | DictConfig, own: tuple[Path, ...] = ()) -> str:
    """What tells this run's variant from others: its model, and every value that its group's YAML file does not have.

    Of a file of the user's own, it is every value that the shipped file that it builds on does not have, and all values
    where it builds on none. Seed, device and what else does not decide the result is left out.

    Args:
        config: composed, or a `RunConfig` as a dictionary; keys dataset, model and trainer, each with the `name` of its
            YAML file.
        own: folders of the user's own configs.

    Returns:
        Such as "lstm_attention", "lstm_attention,attention=element" or "mlp_attention,fast,learning_rate=0.001".
    """
    parts = [str(config["model"]["name"])]
    parts += [str(config[group]["name"]) for group in ("dataset", "trainer") if config[group]["name"] != "tutorial"]
    for group in ("model", "dataset", "trainer"):
        defaults = shipped_values(group, config[group]["name"], own)
        for key, value in config[group].items():
            if key != "name" and key not in UNNAMED.get(group, ()) and not _same(value, defaults.get(key)):
                shown = key if key != "seed" else f"{group}_seed"
                parts.append(f"{shown}={_text(value)}")
    if measured := config.get("metrics"):
        parts.append(f"metrics={_text(measured)}")
    name = ",".join(parts)
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9]}-{digest}"


def result_config(config: Any) -> str:
    """The part of a checked config that decides a run's result, as JSON: two runs with the same text are the same.

    Args:
        config: a `RunConfig`.
    """
    content: dict[str, Any] = asdict(config)
    if fingerprint := config.dataset.build().fingerprint():  # an edited file makes another run
        content["dataset"]["fingerprint"] = fingerprint
    for key in ("name", "device", "overwrite"):
        content.pop(key)
    for group, keys in UNNAMED.items():
        for key in keys:
            content[group].pop(key)
    return json.dumps(content, sort_keys=True)


def register() -> None:
    """Make `${attnseq.variant:}` known to OmegaConf."""
    OmegaConf.register_new_resolver(
        "attnseq.variant", lambda *, _root_: variant_name(_root_, own_folders(_root_)), replace=True
    )


def name_of_choice(group: str, choice: str, own: tuple[Path, ...] = ()) -> str:
    """What a choice is called: as its file, and a preset such as lstm_plain as the choice that it builds on."""
    return _name(group, choice, own) or choice


@lru_cache
def shipped_values(group: str, choice: str, own: tuple[Path, ...] = ()) -> Mapping[str, Any]:
    """The values of a shipped choice, or of the one that a file of the user's builds on; none where there is none.

    Args:
        group: such as trainer.
        choice: the name of a YAML file.
        own: folders of the user's own configs.
    """
    file = _file(group, choice, ())
    content = _content(file or _file(group, choice, own))
    values: dict[str, Any] = {}
    for parent in _parents(group, choice, content):
        values |= shipped_values(group, parent, own)
    return values | {key: value for key, value in content.items() if key != "defaults"} if file else values


@lru_cache
def _name(group: str, choice: str, own: tuple[Path, ...]) -> str | None:
    """The name that a choice has by its files; None where none of them says."""
    content = _content(_file(group, choice, own))
    if "name" in content:
        return choice
    names = [_name(group, parent, own) for parent in _parents(group, choice, content)]
    return next(filter(None, reversed(names)), None)


def _file(group: str, choice: str, own: tuple[Path, ...]) -> Path | None:
    """A choice's YAML file, found as Hydra finds it: the shipped one first."""
    files = [folder / group / f"{choice}.yaml" for folder in (config_directory(), *own)]
    return next(filter(Path.is_file, files), None)


def _content(file: Path | None) -> Mapping[str, Any]:
    content: Any = OmegaConf.load(file) if file else {}
    return dict(content.items())


def _parents(group: str, choice: str, content: Mapping[str, Any]) -> list[str]:
    """What a file builds on: choices of its group, such as `fast`, `/trainer/fast@_here_`, `/trainer@_here_: fast`."""
    folder = posixpath.join("/", group, posixpath.dirname(choice))
    parents = []
    for entry in content.get("defaults", ()):
        place, chosen = next(iter(entry.items())) if OmegaConf.is_dict(entry) else (entry, None)
        place = place.removeprefix("optional ").partition("@")[0]
        path = posixpath.join(folder, place, *([chosen] if isinstance(chosen, str) else []))
        if path.startswith(f"/{group}/") and place != "_self_":
            parents.append(path.removeprefix(f"/{group}/"))
    return parents


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, float) and default is not None:
        return float(default) == value  # YAML 1.1 reads 1e-3 as text
    return bool(value == default)


def _text(value: Any) -> str:
    if OmegaConf.is_list(value) or isinstance(value, list | tuple):
        return ".".join(str(item) for item in value)
    return str(value)
