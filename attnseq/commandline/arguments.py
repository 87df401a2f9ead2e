"""The command line of commands that read runs: folders, and key=value; errors in one line on stderr."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, NoReturn

from attnseq.commandline.wrapping import OPTIONS, columns, wrapped

BAD_INPUT = 2

NEGATIVE = re.compile(r"-[\d.]")

NO_TILDE = "no shell fills in ~ in the middle of a word; write $HOME"


def fail(message: str, status: int = BAD_INPUT) -> NoReturn:
    """End the program with one line on stderr."""
    print(" ".join(message.split()), file=sys.stderr)
    raise SystemExit(status)


def refuse_empty(arguments: Sequence[str]) -> None:
    """End the program where an argument is empty or blank, such as a shell variable without a value."""
    if any(not argument.strip() for argument in arguments):
        fail("an argument is empty: '' (a shell variable that is not set?)")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        fail(f"{message}; {self.format_usage()}")


def parse(
    arguments: Sequence[str], description: str | None, allowed: Sequence[str] = ()
) -> tuple[list[Path], dict[str, str]]:
    """Tell folders from options; end the program with exit status 2 where an argument is neither.

    Args:
        arguments: without the program's name.
        description: of the command and its options, which `--help` prints.
        allowed: the options' keys; `key=value` is taken for `--key=value`.

    Returns:
        (folders, options): at least one folder, and the options that were given.
    """
    parser = _parser("FOLDER ...", description, allowed)
    parser.add_argument("folders", nargs="+", type=_folder, metavar="FOLDER", help=argparse.SUPPRESS)
    given = _parsed(parser, arguments, allowed)
    return given.pop("folders"), given


def one_folder(
    arguments: Sequence[str], description: str | None, allowed: Sequence[str] = ()
) -> tuple[Path, dict[str, str]]:
    """Tell a run's folder from options, as `parse` does, where there is one folder and no other word."""
    parser = _parser("RUN", description, allowed)
    parser.add_argument("folder", type=_folder, metavar="RUN", help=argparse.SUPPRESS)
    given = _parsed(parser, arguments, allowed)
    return given.pop("folder"), given


def parse_run(
    arguments: Sequence[str], description: str | None, words: str, allowed: Sequence[str] = ()
) -> tuple[Path, list[str], dict[str, str]]:
    """Tell a run's folder from words and options; end the program with exit status 2 where an argument is none of them.

    Args:
        arguments: without the program's name.
        description: of the command and its options, which `--help` prints.
        words: what the words are called, such as SEQUENCE; there is at least one.
        allowed: the options' keys; `key=value` is taken for `--key=value`.

    Returns:
        (folder, words, options that were given).
    """
    parser = _parser(f"RUN {words} ...", description, allowed)
    parser.add_argument("folder", type=_folder, metavar="RUN", help=argparse.SUPPRESS)
    parser.add_argument("words", nargs="+", metavar=words, help=argparse.SUPPRESS)
    # behind a blank argparse takes what begins with a negative number for a word, and not for an option
    given = _parsed(parser, [f" {text}" if NEGATIVE.match(text) else text for text in arguments], allowed)
    return given.pop("folder"), [word.strip() for word in given.pop("words")], given


def _parser(usage: str, description: str | None, allowed: Sequence[str]) -> _Parser:
    """Make a parser that knows the options."""
    program = Path(sys.argv[0]).stem.removeprefix("attnseq-")  # with python -m it is a file's name
    usage = " ".join([f"attnseq-{program} {usage}", *(f"[{key}=...]" for key in allowed)])
    label = len("usage: ")
    usage = ("\n" + " " * label).join(wrap(usage, max(1, columns() - label), **OPTIONS))
    description = description and wrapped(description, columns())
    layout = argparse.RawDescriptionHelpFormatter
    parser = _Parser(usage=usage, description=description, formatter_class=layout, allow_abbrev=False)
    for key in allowed:
        parser.add_argument(f"--{key}", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _parsed(parser: _Parser, arguments: Sequence[str], allowed: Sequence[str]) -> dict[str, Any]:
    refuse_empty(arguments)
    options = tuple(f"{key}=" for key in allowed)
    return vars(parser.parse_intermixed_args([f"--{text}" if text.startswith(options) else text for text in arguments]))


def _folder(text: str) -> Path:
    """Check that a folder exists; its name may have an equals sign, as that of a variant."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: {'not a' if Path(text).exists() else 'no such'} folder")
    return Path(text)


def choose(option: str, text: str, known: Sequence[str], single: bool = False) -> list[str]:
    """Resolve the names that an option lists; end the program where one is unknown or ambiguous.

    Args:
        option: its key, for the message.
        text: names, separated by commas: in full (`trainer.learning_rate`, `loss/test`), only the last part where no
            other name ends so, or a group for its choice (`model` for `model.name`).
        known: names in full.
        single: whether the option takes a single name.

    Returns:
        Names in full, each once, in the order given.
    """
    chosen = []
    for name in [text] if single else map(str.strip, text.split(",")):
        in_full = [full for full in (name, f"{name}.name") if full in known][:1]
        matches = in_full or [full for full in known if full.replace("/", ".").rpartition(".")[2] == name]
        if len(matches) != 1:
            problem = f"ambiguous: {' or '.join(matches)}" if matches else f"unknown; allowed are {', '.join(known)}"
            fail(f"{option}={name}: {problem}")
        chosen += matches
    return list(dict.fromkeys(chosen))


def port_number(text: str | None) -> int | None:
    """Read the number of a port; None where none is asked for. End the program where it is none."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) < 2**16):
        fail(f"port={text}: must be 0 (any that is free) to {2**16 - 1}")
    return int(text)


def new_folder(option: str, text: str) -> Path:
    """Read a folder that is written to, and may not exist yet; end the program where it cannot be one."""
    if text.startswith("~"):
        fail(f"{option}={text}: {NO_TILDE}")
    if not text.strip() or (Path(text).exists() and not Path(text).is_dir()):
        fail(f"{option}={text}: not a folder")
    return Path(text)


def new_file(option: str, text: str, suffixes: Sequence[str]) -> Path:
    """Read a file that is written, in a folder that exists; end the program where it cannot be one.

    Args:
        option: its key, for the message.
        text: what was given.
        suffixes: those that are allowed, without their dots.
    """
    path = Path(text)
    if path.suffix.lower().removeprefix(".") not in suffixes:
        fail(f"{option}={text}: must be a file that ends in one of {', '.join(f'.{suffix}' for suffix in suffixes)}")
    if text.startswith("~"):
        fail(f"{option}={text}: {NO_TILDE}")
    if path.is_dir() or not path.parent.is_dir():
        fail(f"{option}={text}: {'is a folder' if path.is_dir() else f'there is no folder {path.parent}'}")
    return path


def output_folder(folders: Sequence[Path], out: str | None) -> Path:
    """Decide where files about runs go: where `out` says, or else into the folder that holds all `folders`.

    Ends the program with exit status 2 where neither is a folder to write to.
    """
    if out is not None:
        return new_folder("out", out)
    if len(folders) == 1:
        return folders[0]
    shared = Path(os.path.commonpath([folder.resolve() for folder in folders]))
    if not shared.is_relative_to(Path.cwd()):
        fail("out: no folder below the working directory holds all that were given; out=FOLDER says where to write")
    return shared.relative_to(Path.cwd())
