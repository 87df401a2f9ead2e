"""What names a variant, and what is left to its replicas."""

import pytest
from run_folders import run_config, write_run, write_unfinished

from attnseq.comparison.variants import config_keys, fold, naming_keys, replica, without_copies
from attnseq.runs.reading import find_runs


@pytest.fixture
def found(tmp_path):
    """`found(config, ...)`: finished runs of these configs, read back."""

    def find(*configs):
        for index, config in enumerate(configs):
            write_run(tmp_path / str(index), config)
        return find_runs([tmp_path])

    return find


def names(runs):
    return [variant.name for variant in fold(runs, naming_keys(runs))]


def test_seeds_are_folded_and_the_model_names_the_variant(found):
    runs = found(*(run_config(seed=seed) for seed in (1, 2, 3)))
    (variant,) = fold(runs, naming_keys(runs))
    assert variant.name == "mlp_attention"
    assert len(variant.runs) == 3


def test_what_follows_the_choice_of_a_model_names_nothing(found):
    runs = found(run_config("mlp_attention"), run_config("lstm_attention"))  # 10 and 64 hidden units
    assert names(runs) == ["mlp_attention", "lstm_attention"]


def test_what_differs_among_runs_of_one_choice_names_them(found):
    runs = found(
        run_config("mlp_attention"),
        run_config("lstm_attention", model__attention="time"),
        run_config("lstm_attention", model__attention="none", trainer__learning_rate=0.01),
    )
    assert names(runs) == [
        "mlp_attention learning_rate=0.001",
        "lstm_attention attention=time learning_rate=0.001",
        "lstm_attention attention=none learning_rate=0.01",
    ]


def test_choices_of_other_groups_are_named_by_their_group(found):
    runs = found(run_config(), run_config(trainer__name="fast", trainer__batch_size=512))
    assert names(runs) == ["mlp_attention trainer=tutorial", "mlp_attention trainer=fast"]


def test_lists_and_nothing_are_shown_as_the_command_line_takes_them(found):
    runs = found(
        run_config(dataset__left=[1, 2], dataset__flag=True), run_config(dataset__left=[3, 4], dataset__flag=None)
    )
    assert names(runs) == ["mlp_attention flag=true left=1.2", "mlp_attention flag=null left=3.4"]


def test_a_key_that_two_groups_have_is_named_in_full(found):
    runs = found(run_config(model__size=1, dataset__size=1), run_config(model__size=2, dataset__size=1))
    assert names(runs) == ["mlp_attention model.size=1", "mlp_attention model.size=2"]


def test_a_dataset_seed_that_goes_with_the_seed_belongs_to_the_replica(found):
    runs = found(*(run_config(seed=seed, dataset__seed=seed) for seed in (1, 2, 3)))
    assert names(runs) == ["mlp_attention"]
    assert {replica(run, ["model.name"]) for run in runs} == {(1, 1), (2, 2), (3, 3)}


def test_a_dataset_seed_of_its_own_names_variants(found):
    runs = found(*(run_config(seed=seed, dataset__seed=other) for seed in (1, 2) for other in (5, 6)))
    assert names(runs) == ["mlp_attention dataset.seed=5", "mlp_attention dataset.seed=6"]
    assert {replica(run, naming_keys(runs)) for run in runs} == {(1,), (2,)}


def test_a_dataset_seed_that_varies_under_one_seed_names_variants(found):
    runs = found(*(run_config(dataset__seed=seed) for seed in (5, 6)))
    assert len(names(runs)) == 2


def test_an_unfinished_run_joins_its_variant_in_spite_of_keys_that_decide_nothing(tmp_path):
    write_run(tmp_path / "1", run_config(seed=1))
    write_unfinished(tmp_path / "2", run_config(seed=2), epochs=1)
    runs = find_runs([tmp_path])
    assert "trainer.compile" not in config_keys(runs)
    (variant,) = fold(runs, naming_keys(runs))
    assert [len(variant.of_state(state)) for state in ("finished", "unfinished")] == [1, 1]


def test_keys_of_another_version_tell_variants_apart(found):
    runs = found(run_config(), run_config(model__score="additive"))
    assert names(runs) == ["mlp_attention", "mlp_attention score=additive"]


def test_keys_begin_with_the_choice_of_each_group(found):
    keys = config_keys(found(run_config()))
    assert keys[:2] == ["model.name", "model.hidden_size"]
    assert "seed" not in keys


def test_the_same_run_found_twice_counts_once(found):
    runs = found(run_config(), run_config(), run_config(seed=2))
    kept, copies = without_copies(runs)
    assert kept == [runs[0], runs[2]]
    assert copies == [(runs[1], runs[0])]
