#!/usr/bin/env bash
# Trains, after setting up what is missing: scripts/train.sh [Hydra overrides]
# outputs/ lies below the folder in which it is started.
set -euo pipefail

unset CDPATH
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/setup.sh"
exec "$root/.venv/bin/python" -m attnseq.train "$@"
