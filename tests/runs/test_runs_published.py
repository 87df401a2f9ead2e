"""Figures that were published of a run: of exactly this one, and of no other."""

from attnseq.runs.published import PublishedRun, published_run


def test_the_articles_runs_have_theirs() -> None:
    mlp, lstm = (published_run(f"{model}_attention", 1337) for model in ("mlp", "lstm"))
    assert mlp.loss_E is not None
    assert mlp.mean_attention_T is not None
    assert (len(mlp.loss_E), len(mlp.mean_attention_T)) == (10, 10)
    assert lstm.loss_E is not None
    assert (len(lstm.loss_E), lstm.mean_attention_T) == (10, None)
    assert mlp.as_printed(float(mlp.loss_E[0])) == mlp.loss_E[0]
    assert lstm.as_printed(float(lstm.loss_E[-1])) == lstm.loss_E[-1]


def test_another_seed_or_variant_has_none() -> None:
    for variant, seed in (("mlp_attention", 1), ("mlp_attention,fast", 1337), ("query_attention", 1337)):
        assert published_run(variant, seed) == PublishedRun()
