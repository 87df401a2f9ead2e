"""List the commands: `python -m attnseq`. What each takes, it says itself: `python -m attnseq.train --help`."""

import ast
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pkgutil import iter_modules

import attnseq
from attnseq.commandline.arguments import fail
from attnseq.commandline.output import enduring_output
from attnseq.commandline.wrapping import columns, hanging, wrapped

ASKED = ("-h", "--help", "--version")


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command, and what it does; none is loaded."""
    for module in iter_modules(attnseq.__path__):
        spec = find_spec(f"attnseq.{module.name}")
        source = getattr(spec.loader, "get_source", lambda name: None)(spec.name) if spec else None
        if not module.ispkg and not module.name.startswith("_") and source:
            first = (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0]
            yield module.name, " ".join(first.partition(": `")[0].rstrip(".").split())


@enduring_output()
def main() -> None:
    """Run the command; see above."""
    if unknown := [argument for argument in sys.argv[1:] if argument not in ASKED]:
        names = ", ".join(f"python -m attnseq.{name}" for name, _ in commands())
        fail(f"{unknown[0]}: python -m attnseq takes no arguments; the commands are {names}")
    if "--version" in sys.argv:
        print(f"attnseq {attnseq.__version__}")
        return
    for name, purpose in commands():
        print(hanging(f"python -m attnseq.{name:<10} ", purpose, columns()))
    print(wrapped("--help after one of them says what it takes; attnseq-train and the others are the same", columns()))


if __name__ == "__main__":
    main()
