"""The command line of the commands that read runs: folders, and key=value; errors in one line on stderr."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

BAD_INPUT = 2

NO_TILDE = "no shell fills in ~ in the middle of a word; write $HOME"


def fail(message: str, status: int = BAD_INPUT) -> NoReturn:
    """End the program with one line on stderr."""
    print(" ".join(message.split()), file=sys.stderr)
    raise SystemExit(status)


def parse(
    arguments: Sequence[str], description: str | None, allowed: Sequence[str] = ()
) -> tuple[list[Path], dict[str, str]]:
    """Tell folders from options; end the program with exit status 2 where an argument is neither.

    No argument may be empty, as one is that a shell variable without a value leaves: it would be the working folder.
    A folder may have "=" in its name (`outputs/sweep/lstm_attention,hidden_size=8`): what is there is a folder.

    Args:
        arguments: without the program's name.
        description: of the command, which `-h` and `--help` print; then the program ends with exit status 0.
        allowed: the options' keys.

    Returns:
        (folders, options): one folder at least.
    """
    if arguments[:1] in (["-h"], ["--help"]):
        print((description or "").strip())
        raise SystemExit(0)
    refuse_empty(arguments)
    folders: list[Path] = []
    options: dict[str, str] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if equals and key in allowed:
            options[key] = value
        elif Path(argument).is_dir():
            folders.append(Path(argument))
        elif Path(argument).exists():
            fail(f"{argument}: not a folder")
        elif equals and key.isidentifier():
            fail(f"{key}: no such key; allowed are {', '.join(allowed) or 'folders alone'}")
        else:
            fail(f"{argument}: no such folder")
    if not folders:
        fail("no folder given; name one with runs in it, such as outputs")
    return folders, options


def refuse_empty(arguments: Sequence[str]) -> None:
    """End the program with exit status 2 where an argument is empty, or blank."""
    if any(not argument.strip() for argument in arguments):
        fail("an argument is empty: '' (a shell variable that is not set?)")


def choose(option: str, text: str, known: Sequence[str], single: bool = False) -> list[str]:
    """The names that an option lists; end the program with exit status 2 where one is unknown or ambiguous.

    Args:
        option: its key, for the message.
        text: names, separated by commas; in full (`trainer.learning_rate`, `loss/test`), the last part alone where no
            other name ends alike, or a group for its choice (`model` for `model.name`).
        known: names in full.
        single: whether the option takes one name alone.

    Returns:
        Names in full, each once, in the order given.
    """
    chosen = []
    for name in [text] if single else map(str.strip, text.split(",")):
        if name in known:
            matches = [name]
        elif f"{name}.name" in known:
            matches = [f"{name}.name"]
        else:
            matches = [full for full in known if full.replace("/", ".").rpartition(".")[2] == name]
        if len(matches) != 1:
            problem = f"ambiguous: {' or '.join(matches)}" if matches else f"unknown; allowed are {', '.join(known)}"
            fail(f"{option}={name}: {problem}")
        chosen += matches
    return list(dict.fromkeys(chosen))


def output_folder(folders: Sequence[Path], out: str | None) -> Path:
    """Where files about runs go: where `out` says, else into the folder that holds them all.

    Ends the program with exit status 2 where neither is a folder to write to.

    Args:
        folders: of the runs.
        out: the option's value, or None.
    """
    if out is not None:
        if out.startswith("~"):
            fail(f"out={out}: {NO_TILDE}")
        if not out.strip() or (Path(out).exists() and not Path(out).is_dir()):
            fail(f"out={out}: not a folder")
        return Path(out)
    if len(folders) == 1:
        return folders[0]
    shared = Path(os.path.commonpath([folder.resolve() for folder in folders]))
    if not shared.is_relative_to(Path.cwd()):
        fail("out: no folder below the working directory holds all that were given; out=FOLDER says where to write")
    return shared.relative_to(Path.cwd())
