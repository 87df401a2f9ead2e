#!/usr/bin/env bash
# Checks everything, after setting up what is missing: scripts/test.sh
# With arguments for pytest only pytest runs: scripts/test.sh tests/test_scripts.py -k setup
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh --extra dev
if (($# == 0)); then
  .venv/bin/python -m ruff check
  .venv/bin/python -m ruff format --check
  .venv/bin/python -m mypy
fi
# tests run side by side, a core each: threads of their own would wait for one another
export OMP_NUM_THREADS=1
exec .venv/bin/python -m pytest --numprocesses auto "$@"
