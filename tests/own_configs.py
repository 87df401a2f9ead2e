"""Folders of a user's own configs."""

from pathlib import Path

# each builds on what ships, or on one that does; `alone` names all its keys
FILES = {
    "trainer/quick": "defaults: [fast, _self_]\nepochs: 3\n",
    "trainer/quicker": "defaults: [quick, _self_]\nbeta1: 0.5\n",
    "trainer/named": "defaults: [/trainer/fast@_here_, _self_]\nname: named\nepochs: 3\n",
    "trainer/deep/preset": "defaults: [/trainer/tutorial@_here_, _self_]\nepochs: 3\n",
    "trainer/around": "defaults: [around_again, _self_]\n",
    "trainer/around_again": "defaults: [around, _self_]\n",
    "trainer/copied": "defaults: [fast, _self_]\nname: fast\n",
    "trainer/alone": "defaults: [/schema/trainer@_here_, _self_]\nname: alone\nepochs: 1\nbatch_size: 512\n"
    "learning_rate: 5e-3\nbeta1: 0.9\nbeta2: 0.999\nepsilon: 1e-8\nclip_norm: 0.0\nweight_noise: 0.0\n"
    "adam: torch\nobjective: auto\nbase_run: ''\ndivergence_weight: 0.0\n"
    "order: random\ncompile: auto\ncheckpoint_minutes: 5\n",
    "model/small": "defaults: [lstm_plain, _self_]\nhidden_size: 4\n",
    "model/named": "defaults: [lstm_plain, _self_]\nname: named\nhidden_size: 4\n",
    "dataset/longer": "defaults: [abs_difference, _self_]\nname: longer\nlength: 12\n",
    "experiment/one_by_one": "# @package _global_\ndefaults:\n  - override /hydra/launcher: basic\n"
    "  - override /hydra/job_logging: default\n",
    "experiment/cluster": "# @package _global_\ndefaults:\n  - override /hydra/launcher: ray_fused\n",
    "experiment/both": "# @package _global_\ndefaults:\n  - one_by_one\n  - override /hydra/launcher: fused\n",
}


def write_own_configs(folder: Path) -> Path:
    """Write them; the folder."""
    return write_files(folder, {f"{name}.yaml": text for name, text in FILES.items()})


def write_files(folder: Path, texts: dict[str, str]) -> Path:
    """Write files of these names and texts; the folder."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder
