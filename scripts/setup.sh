#!/usr/bin/env bash
# Makes .venv in the repository root and installs attnseq there, editable, with the pinned versions of constraints.txt.
# When nothing has changed it returns at once. Extras accumulate from call to call.
#
#   scripts/setup.sh [--extra dev|bench|ray|optuna|onnx|pandas|parquet|browser]...   PYTHON=/path/to/python says which
#   scripts/setup.sh --extra peers      makes .venv-peers, by constraints-peers.txt, for scripts/benchmark.py
set -euo pipefail

fail() {
  echo "setup: $1" >&2
  exit "${2:-1}"
}

# How the extras that are asked for and those that are installed are held: names, each followed by a space.
wanted="" venv=.venv constraints=constraints.txt
if [[ $* == "--extra peers" ]]; then
  wanted="peers " venv=.venv-peers constraints=constraints-peers.txt
  shift 2
fi
known="dev|bench|ray|optuna|onnx|pandas|parquet|browser"
while (($#)); do
  case "$1 ${2-}" in
    "--extra dev" | "--extra bench" | "--extra ray" | "--extra optuna" | "--extra onnx") wanted+="$2 " ;;
    "--extra pandas" | "--extra parquet" | "--extra browser") wanted+="$2 " ;;
    "--extra peers") fail "--extra peers makes an environment of its own, .venv-peers: ask for it alone" 2 ;;
    *) fail "unknown argument: $*; usage: setup.sh [--extra $known]... or setup.sh --extra peers" 2 ;;
  esac
  shift 2
done

unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv_python=$venv/bin/python
log=$venv/setup.log

# The stamp holds "KEY EXTRAS": KEY tells what was installed and where, or is "incomplete" while pip is at work.
stamp=$venv/attnseq.stamp
key=$({ pwd && cat setup.cfg pyproject.toml $constraints; } | cksum | tr ' ' -)
ready() {
  stamped=$(cat "$stamp" 2>/dev/null || true)
  installed=${stamped#* }
  [[ $stamped == "$key "* && -x $venv_python ]] || return 1
  for extra in $wanted; do [[ " $installed" == *" $extra "* ]] || return 1; done
}
ready && exit

# One installation at a time; whoever waited finds it done.
if command -v flock >/dev/null; then
  { exec 9>>constraints.txt; } 2>/dev/null || fail "cannot write to $PWD"
  flock 9
  ready && exit
fi

# What a killed first attempt left, or an environment whose Python is gone, is of no use; an environment of the user's is.
if [[ $stamped == incomplete* || (-L $venv_python && ! -e $venv_python) ]]; then rm -rf "$venv"; fi

if [[ ! -x $venv_python ]]; then
  candidates=(python3.13 python3.12 python3.11 python3 python)
  if [[ ${PYTHON-} ]]; then candidates=("$PYTHON"); fi
  python="" found=none
  for candidate in "${candidates[@]}"; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate
      break
    fi
    version=$("$candidate" --version 2>/dev/null) && found="$version ($candidate)"
  done
  [[ $python ]] || fail "Python 3.11 or newer is needed, found $found; install one, or name it: PYTHON=/path/to/python"
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python lacks its venv module; on Debian and Ubuntu: apt install python3-venv"
  free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
  ((free_kib >= 3 * 1024 * 1024)) ||
    fail "$((free_kib / 1024)) MiB of disk are free in $PWD, 3 GiB are needed (8 GiB where pip takes torch for CUDA)"
fi

extras=$(printf '%s\n' $installed $wanted | sort -u | xargs)
echo "setup: installing attnseq${extras:+ with ${extras// / and }} into $venv (minutes the first time) ..."
{ mkdir -p "$venv" && echo "incomplete ${extras:+$extras }" >"$stamp"; } 2>/dev/null || fail "cannot write to $PWD/$venv"
if [[ ! -x $venv_python ]]; then
  "$python" -m venv "$venv" >"$log" 2>&1 || fail "$python -m venv failed; its messages: $PWD/$log"
fi
if ! "$venv_python" -m pip install -e ".${extras:+[${extras// /,}]}" -c $constraints >"$log" 2>&1; then
  # pip takes back what it began, so the environment is again what it was.
  if [[ $stamped ]]; then echo "$stamped" >"$stamp"; else rm -f "$stamp"; fi
  case $(cat "$log") in
    *"No space left"*) cause="the disk is full" ;;
    *"NewConnectionError"* | *"name resolution"* | *"timed out"* | *"ProxyError"* | *"Max retries"*) cause="no network" ;;
    *"No matching distribution"*) cause="a pinned package is not to be had for this Python and machine" ;;
    *"cancelled by user"*) cause="interrupted" ;;
    *"No module named pip"*) cause="$venv has no pip; remove $venv" ;;
    *) cause="see its last lines" ;;
  esac
  fail "pip failed: $cause (pip's messages: $PWD/$log)"
fi
echo "$key ${extras:+$extras }" >"$stamp"
