"""Explaining errors of Hydra and OmegaConf in one line that names the key and says what is allowed."""

import difflib
import shlex
from collections.abc import Sequence
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq.commandline.arguments import NO_TILDE


def explain(error: Exception) -> str:
    """Explain an error of Hydra or OmegaConf in one line that names the key and what is allowed."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, choice = error.missing_cfg_file.rpartition("/")
        if (group, choice) == ("hydra/sweeper", "optuna"):
            return 'hydra/sweeper=optuna needs Optuna: pip install "attnseq[optuna]"'
        if group.startswith("schema/"):  # a user's file asks for it
            where = "name the module that registers it: plugins=[my_package.module]"
            return f"{group.removeprefix('schema/')}={choice}: nothing of this name is registered; {where}"
        return (
            f"{group}={choice}: no such choice{_meant(choice, error.options)}; allowed are {', '.join(error.options)}"
        )
    if isinstance(error, OverrideParseException):
        return _not_parsed(error)
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if not isinstance(cause, OmegaConfBaseException) or not cause.full_key or not cause.msg:
        return str(error).partition("See https")[0]
    message = str(cause.msg).splitlines()[0]
    if "not in" in message and cause.parent_node is not None:
        allowed = [str(name) for name in cause.parent_node if name != "hydra"]
        hint = _meant(str(cause.key), allowed) or _of_another_choice(str(cause.full_key))
        if not hint and cause.full_key == str(cause.key):  # it stands at the top: the node is the whole config
            hint = _meant_elsewhere(str(cause.key), cause.parent_node)
        return f"{cause.full_key}: no such key{hint}; allowed are {', '.join(allowed)}"
    if "is not a ListConfig" in message:
        message = f"takes a list in brackets, such as {cause.full_key}=[a,b]"
    return f"{cause.full_key}: {message}"


def _meant(name: str, allowed: Sequence[str]) -> str:
    """Ask whether another name was meant; "" where none is like it."""
    close = difflib.get_close_matches(name, allowed, 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _meant_elsewhere(name: str, config: Any) -> str:
    """Ask whether a key of a group was meant, such as trainer.epochs by epochs; "" where none is like it."""
    places: dict[str, list[str]] = {}
    for group, content in config.items_ex(resolve=False):
        if OmegaConf.is_dict(content) and group != "hydra":
            for key in content:
                places.setdefault(str(key), []).append(f"{group}.{key}")
    launcher = OmegaConf.select(config, "hydra.launcher") or {}
    places |= {str(key): [f"hydra.launcher.{key}"] for key in launcher if key != "_target_" and key not in places}
    places |= {"launcher": ["hydra/launcher"], "sweeper": ["hydra/sweeper"]}
    close = difflib.get_close_matches(name, [key for key in places if key != "name"], 1)
    return f" (did you mean {' or '.join(places[close[0]])}?)" if close else ""


def _of_another_choice(full_key: str) -> str:
    """Say which launchers or sweepers have a key that the chosen one has not; "" for other keys."""
    group, _, key = full_key.rpartition(".")
    if group not in ("hydra.launcher", "hydra.sweeper"):
        return ""
    place, store = group.replace(".", "/"), ConfigStore.instance()
    files = [file for file in store.list(place) if key in store.load(f"{place}/{file}").node]
    names = " and ".join(file.removesuffix(".yaml") for file in sorted(files))
    return f" (a key of {place}={names})" if names else ""


def with_quotes(override: str) -> str:
    """Say how to write an override on a shell's command line so that its value is taken as text, unchanged.

    Args:
        override: as Hydra gets it, such as `name=#1`.

    Returns:
        Such as `in quotes it is text: 'name="#1"'`; "" where quotes do not help.
    """
    key, equals, value = override.partition("=")
    if not key or not equals:
        return ""
    quoted = f'{key}="{value}"'
    try:
        (parsed,) = OverridesParser.create().parse_overrides([quoted])
    except HydraException:
        return ""
    return f"in quotes it is text: {shlex.quote(quoted)}" if parsed.value() == value else ""


def _not_parsed(error: OverrideParseException) -> str:
    """Name an override that does not follow Hydra's grammar, what its parser says, and the quoting that helps."""
    if error.override.partition("=")[2].startswith("~"):
        return f"{error.override}: {NO_TILDE}"
    reason = str(error).partition("See https")[0].strip()
    if reason.startswith("LexerNoViableAltException"):  # it only repeats the override
        reason = "a character that means something else to Hydra"
    line = reason if error.override in reason else f"{error.override}: {reason}"
    return "; ".join(filter(None, [line, with_quotes(error.override)]))
