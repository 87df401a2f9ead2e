"""What `attnseq-train --help` says: how to call it, the choices of each group, and a line a key of those chosen."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import Field, fields
from textwrap import wrap
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from attnseq.core.keys import Key, comment
from attnseq.runs.config import RunConfig

GROUPS = ("dataset", "model", "trainer")

USAGE = """\
attnseq-train [-m] [GROUP=CHOICE ...] [KEY=VALUE ...]
Train one run; with -m a sweep: values with commas between them, or range(8).
python -m attnseq.train is the same.

== Examples ==
  attnseq-train                                      the article's MLP
  attnseq-train model=lstm_attention trainer.epochs=3 seed=7
  attnseq-train -m model=mlp_attention,lstm_attention 'seed=range(8)'
  attnseq-train -m experiment=attention_variants hydra.launcher.fail_fast=true
  attnseq-train --help model=seq2seq dataset=dates   keys of other choices

== Options ==
  -m                      a sweep
  --cfg job               print the composed config, and train nothing
  --config-dir FOLDER     of choices of your own
  --version, --hydra-help
"""

LAUNCHERS = {
    "fused": "runs that share a program train together, as one population; the default",
    "basic": "one run after the other",
    "ray_fused": "as fused, on the machines of a Ray cluster",
}
SWEEPERS = {
    "basic": "every combination of the values",
    "optuna": "batches of trials that Optuna proposes",
}

LAUNCHER_KEYS = {
    "max_population": "runs that train together at most; null: as many as memory holds",
    "workers": "cores of the CPU that are used side by side; auto: all",
    "fail_fast": "true: a run that fails or diverges stops the sweep",
    "seeds": "runs that each job stands for, of its seed and the next ones; Optuna is told their mean",
}
"""Of the default launcher."""

MEANING = 34
"""Column in which the meaning of a key begins."""

NARROWEST = 60
"""Columns that are needed to wrap meanings in a column of their own."""


def register() -> None:
    """Register `${attnseq.help:}`, which `--help` prints, with OmegaConf."""
    OmegaConf.register_new_resolver(
        "attnseq.help", lambda *, _root_: help_text(_root_).replace("$", "$$"), replace=True
    )


def help_text(config: DictConfig) -> str:
    """Write the whole help.

    Args:
        config: composed, with the choices whose keys are shown. A terminal gets lines as long as it is wide; elsewhere
            a key is one line, for programs that search in it.
    """
    width = _width()
    parts = [USAGE, "== Choices: GROUP=CHOICE =="]
    parts += [_hanging(f"  {group}: ", ", ".join(_options(group)), width) for group in (*GROUPS, "experiment")]
    for group, meanings in (("hydra/launcher", LAUNCHERS), ("hydra/sweeper", SWEEPERS)):
        parts += ["", f"== Of sweeps: {group}=CHOICE =="]
        parts += [_hanging(f"  {name:<12}", meanings.get(name, ""), width) for name in _options(group)]
    parts += [""]
    parts += [_hanging(f"  {f'hydra.launcher.{key}':<31} ", text, width) for key, text in LAUNCHER_KEYS.items()]
    parts += ["", "== Keys of these choices: KEY=VALUE =="]
    parts += [
        _hanging(f"  {f'{key}={value}':<{MEANING - 3}} ", meaning, width) for key, value, meaning in _keys(config)
    ]
    return "\n".join(parts)


def _keys(config: DictConfig) -> Iterator[tuple[str, str, str]]:
    """Yield the keys of a composed config with their values and meanings."""
    schemas: list[tuple[str, Any]] = [("", RunConfig)]
    schemas += [(f"{group}.", OmegaConf.get_type(config, group)) for group in GROUPS if group in config]
    for prefix, schema in schemas:
        for each in fields(schema) if schema not in (None, dict) else ():
            if Key in each.metadata:
                key = f"{prefix}{each.name}"
                yield key, _written(OmegaConf.select(config, key)), _meaning(each)


def _meaning(of: Field[Any]) -> str:
    """Say what a key means and may be, with the names that others may add to."""
    choices = of.metadata[Key].choices
    return f"{comment(of)}: {', '.join(choices())}" if callable(choices) else comment(of)


def _written(value: Any) -> str:
    """Write a value as the command line takes it."""
    if OmegaConf.is_list(value):
        return f"[{','.join(map(str, value))}]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _width() -> int:
    """Return the columns of the terminal; 0 where the output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _options(group: str) -> list[str]:
    """List the choices of a group, with those of the user's own configs."""
    loader = GlobalHydra.instance().config_loader()
    return list(loader.get_group_options(group))


def _hanging(start: str, text: str, width: int) -> str:
    """Wrap a text behind its start, on a terminal that is wide enough."""
    if width < NARROWEST:
        return f"{start}{text}".rstrip()
    column = min(len(start), MEANING)
    options: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    lines = wrap(text, width - column, **options) or [""]
    first = [start.rstrip()] if len(start) > column else [start + lines.pop(0)]
    return "\n".join(line.rstrip() for line in [*first, *(" " * column + line for line in lines)])
