"""Speed and memory of attnseq on this machine, beside what people would use instead.

    python scripts/benchmark.py peers        # a training step beside PyTorch, Keras and JAX, and its limit
    python scripts/benchmark.py train        # a training step beside PyTorch, on any device
    python scripts/benchmark.py seq2seq      # the encoder-decoder beside PyTorch with a decoder loop
    python scripts/benchmark.py transformer  # self-attention beside PyTorch's own
    python scripts/benchmark.py sweep        # a sweep's whole command beside the basic launcher and plain scripts
    python scripts/benchmark.py busy         # what a busy neighbour costs, and a second command
    python scripts/benchmark.py memory       # peak memory of a sweep of 1, 32 and 256 runs
    python scripts/benchmark.py check        # every ratio of docs/performance.md beside its goal

Each has a --help of its own.
"""

import argparse
import signal
import sys
from collections.abc import Sequence

from benchmarks import busy, check, memory, peers, seq2seq, sweep, train, transformer


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all subcommands; what it returns has `run`, which does the chosen one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    modules = (peers, train, seq2seq, transformer, sweep, busy, memory, check)
    subcommands = {module.__name__.rpartition(".")[2]: module for module in modules}
    for name, module in subcommands.items():
        help_line = str(module.__doc__).splitlines()[0].partition(": ")[2]
        raw = argparse.RawDescriptionHelpFormatter
        module.add_arguments(commands.add_parser(name, help=help_line, description=module.__doc__, formatter_class=raw))
    return parser


def main(arguments: Sequence[str]) -> None:
    """Run the chosen subcommand."""
    given = build_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # its commands and neighbours end, too
    given.run(given)


if __name__ == "__main__":
    main(sys.argv[1:])
