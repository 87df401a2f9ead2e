"""A user's script is type-checked against what attnseq says of itself; importing attnseq costs next to nothing."""

import os
import subprocess
import sys
from pathlib import Path

from processes import LIMIT

ROOT = Path(__file__).resolve().parents[1]

SCRIPT = """
import attnseq

run = attnseq.load("outputs/tutorial/mlp_attention/seed=1337", plugins=["my_package"])
reveal_type(run)
reveal_type(run.model)
reveal_type(run.config.trainer.epochs)
seen = run.predict(["2841907365"])
reveal_type(seen.prediction)
reveal_type(attnseq.find("outputs")[0].state)
attnseq.fit(["seed=1"], config_dir="conf").path.name
attnseq.load(3)
run.foretell("2841907365")
"""

EXPECTED = [
    'note: Revealed type is "attnseq.api.run.Run"',
    'note: Revealed type is "attnseq.contracts.model.Model"',
    'note: Revealed type is "int"',
    'note: Revealed type is "numpy.ndarray[tuple[Any, ...], numpy.dtype[Any]]"',
    'note: Revealed type is "str"',
    'error: Argument 1 to "load" has incompatible type "int"; expected "str | Path"  [arg-type]',
    'error: "Run" has no attribute "foretell"  [attr-defined]',
]


def test_a_users_script_is_checked(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    # by the repository's own config, so that what mypy knows of PyTorch is in its cache already
    command = [sys.executable, "-m", "mypy", "--hide-error-context", "--no-error-summary", str(script)]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    found = [line.split(": ", 1)[1] for line in done.stdout.splitlines()]
    assert [line.replace("builtins.", "") for line in found] == EXPECTED, done.stdout + done.stderr
    assert (ROOT / "attnseq" / "py.typed").exists()


def test_importing_attnseq_loads_nothing_heavy() -> None:
    program = "import sys, attnseq; dir(attnseq); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "attnseq" in loaded
    assert not loaded & {"torch", "numpy", "hydra", "omegaconf", "scipy", "matplotlib", "pandas", "tensorboard", "rich"}


def test_all_names_are_there() -> None:
    import attnseq

    for name in attnseq.__all__:
        assert getattr(attnseq, name).__doc__
    assert not hasattr(attnseq, "no_such_name")
