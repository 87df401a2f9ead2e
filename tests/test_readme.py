"""README's worked example is run as written: its files in a copy of the checkout, its model trained for an epoch."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from processes import LIMIT

ROOT = Path(__file__).resolve().parents[1]

TINY = [f"dataset.{part}_size=64" for part in ("train", "validation", "test")] + ["trainer.epochs=1"]


def test_the_model_that_readme_adds_trains(tmp_path):
    for folder in ("attnseq", "conf"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    blocks = re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert [path for path, _ in blocks] == ["attnseq/models/linear_attention.py", "conf/model/linear_attention.yaml"]
    for path, text in blocks:
        (tmp_path / path).write_text(text)

    # the working directory stands first on the path, before an installed attnseq
    as_written = ["model=linear_attention", "trainer=fast", "dataset=find_max"]
    command = [sys.executable, "-m", "attnseq.train", *as_written, *TINY]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False)

    assert done.returncode == 0, done.stderr
    (result,) = (tmp_path / "outputs").rglob("result.json")
    assert json.loads(result.read_text())["parameters"] == 10 * 10 + 10 + 10 + 1


def test_readme_has_no_gaps_and_its_pictures_are_there():
    text = (ROOT / "README.md").read_text()
    assert not re.findall(r"@[A-Z]+@", text)
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert pictures
    assert [path for path in pictures if not (ROOT / path).is_file()] == []
