"""The command: a sweep whose one run diverges ends with the others' results, and exit status 1 that names it."""

import json
import subprocess
import sys
from pathlib import Path

TINY = [f"dataset.{part}_size=64" for part in ("train", "validation", "test")]


def test_a_sweep_goes_on_after_a_run_that_diverges(tmp_path: Path) -> None:
    sweep = ["-m", "trainer.epochs=2", "trainer.learning_rate=1e38,1e-3", *TINY]
    command = [sys.executable, "-m", "attnseq.train", *sweep]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "learning_rate=1e+38" in done.stderr
    results = [json.loads(path.read_text()) for path in (tmp_path / "outputs").rglob("result.json")]
    assert sorted(result["status"] for result in results) == ["diverged", "finished"]
