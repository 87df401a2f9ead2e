"""The YAML files of choices: where they lie, what they build on, which values they have.

Hydra looks into the shipped folder first, then into the user's own folders.
"""

import posixpath
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

Folders = tuple[Path, ...]


def config_directory() -> Path:
    """Return the folder of the YAML files: `conf/` beside the package in a checkout, `attnseq/conf/` once installed."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def own_folders(config: DictConfig) -> Folders:
    """List the folders of a user's own configs (--config-dir, hydra.searchpath), in the order of Hydra's search.

    Args:
        config: composed; without Hydra's own part it names no folders.
    """
    sources = OmegaConf.select(config, "hydra.runtime.config_sources") or ()
    return tuple(Path(each.path) for each in sources if each.schema == "file" and each.provider != "main")


def name_of_choice(group: str, choice: str, own: Folders = ()) -> str:
    """Return the name of a choice: that of its file, or for a preset such as lstm_plain that of what it builds on."""
    return _name(group, choice, own) or choice


@lru_cache
def shipped_values(group: str, choice: str, own: Folders = ()) -> Mapping[str, Any]:
    """Read the values of a shipped choice, or of the one that a user's file builds on; empty where there is none.

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


def set_value(group: str, choice: str, key: str, own: Folders = ()) -> Any:
    """Look up what a choice, or what it builds on in its group, sets a key to, without composing a config.

    Args:
        group: such as experiment.
        choice: the name of a YAML file.
        key: at the top level of these files.
        own: folders of the user's own configs.

    Returns:
        The value; None where no file sets it.
    """
    waiting, seen = [choice], {choice}
    while waiting:
        name = waiting.pop()  # of parents the last one: it wins in composition, too
        content = _content(_file(group, name, own))
        if key in content:
            return content[key]
        waiting += [parent for parent in _parents(group, name, content) if parent not in seen]
        seen.update(waiting)
    return None


@lru_cache
def _name(group: str, choice: str, own: Folders) -> str | None:
    """Find the name that a choice's files give it; None where none does."""
    content = _content(_file(group, choice, own))
    if "name" in content:
        return choice
    names = [_name(group, parent, own) for parent in _parents(group, choice, content)]
    return next(filter(None, reversed(names)), None)


def _file(group: str, choice: str, own: Folders) -> Path | None:
    """Find a choice's YAML file as Hydra does: the shipped one first."""
    files = [folder / group / f"{choice}.yaml" for folder in (config_directory(), *own)]
    return next(filter(Path.is_file, files), None)


def _content(file: Path | None) -> Mapping[str, Any]:
    content: Any = OmegaConf.load(file) if file else {}
    return dict(content.items_ex(resolve=False)) if OmegaConf.is_dict(content) else {}


def _parents(group: str, choice: str, content: Mapping[str, Any]) -> list[str]:
    """List the choices of its group that a file builds on, from entries such as `fast` or `/trainer@_here_: fast`."""
    folder = posixpath.join("/", group, posixpath.dirname(choice))
    parents = []
    for entry in content.get("defaults", ()):
        place, chosen = next(iter(entry.items())) if OmegaConf.is_dict(entry) else (entry, None)
        place = place.removeprefix("optional ").partition("@")[0]
        path = posixpath.join(folder, place, *([chosen] if isinstance(chosen, str) else []))
        if path.startswith(f"/{group}/") and place != "_self_":
            parents.append(path.removeprefix(f"/{group}/"))
    return parents
