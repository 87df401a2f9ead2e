"""The claims' runs: so many seeds, folders of their own, and an estimate of those that are not finished."""

from dataclasses import replace
from pathlib import Path

from tiny_configs import tiny_config

from attnseq.article.claim_runs import FEW, MANY, VARIANTS, claim_jobs, estimated_seconds

MLP, LSTM = VARIANTS[0], next(each for each in VARIANTS if each.label == "lstm element")


def test_variants_have_labels_of_their_own_and_the_seeds_that_the_verdicts_need() -> None:
    assert len({each.label for each in VARIANTS}) == len(VARIANTS)
    assert {each.label for each in VARIANTS if each.seeds == MANY} == {"mlp", "lstm time", "lstm none"}
    assert {each.seeds for each in VARIANTS} == {MANY, FEW}


def test_each_variant_has_its_seeds_in_folders_of_their_own(tmp_path: Path) -> None:
    configs = {MLP: tiny_config(), LSTM: tiny_config(model="lstm_element")}
    jobs = claim_jobs(configs, tmp_path)
    assert [list(jobs[each]) for each in (MLP, LSTM)] == [list(range(MANY)), list(range(FEW))]
    paths = {job.path for runs in jobs.values() for job in runs.values()}
    assert len(paths) == MANY + FEW
    assert all(path.is_relative_to(tmp_path) and path.name.startswith("seed=") for path in paths)
    assert all(job.config.seed == seed for seed, job in jobs[MLP].items())
    assert [len(runs) for runs in claim_jobs(configs, tmp_path, 10).values()] == [10, FEW]


def test_only_what_is_not_finished_is_estimated(tmp_path: Path) -> None:
    config = tiny_config()
    longer = replace(config, trainer=replace(config.trainer, epochs=2_000))
    (short,), (long,) = (list(claim_jobs({MLP: its}, tmp_path, 1)[MLP].values()) for its in (config, longer))
    assert estimated_seconds([], 2) == 0
    assert 0 < estimated_seconds([short], 2) < estimated_seconds([short, long], 2)
