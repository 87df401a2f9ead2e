"""Speed and memory of attnseq on this machine, beside what people would use instead.

    python scripts/benchmark.py train     # a training step beside PyTorch as people write it
    python scripts/benchmark.py sweep     # a sweep with the fused launcher beside Hydra's basic launcher
    python scripts/benchmark.py memory    # peak memory of a sweep of 1, 32 and 256 runs

Each has a --help of its own.
"""

import argparse
import sys
from collections.abc import Sequence

import benchmark_memory
import benchmark_sweep
import benchmark_train


def main(arguments: Sequence[str]) -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    subcommands = {"train": benchmark_train, "sweep": benchmark_sweep, "memory": benchmark_memory}
    for name, module in subcommands.items():
        help_line = str(module.__doc__).splitlines()[0].partition(": ")[2]
        raw = argparse.RawDescriptionHelpFormatter
        module.add_arguments(commands.add_parser(name, help=help_line, description=module.__doc__, formatter_class=raw))
    given = parser.parse_args(arguments)
    given.run(given)


if __name__ == "__main__":
    main(sys.argv[1:])
