"""What a claims command is asked for; bad input is tested with the command."""

import pytest

from attnseq.commandline.claim_options import claim_options, compose_variant


@pytest.mark.parametrize(
    ("arguments", "is_quick"),
    [((), False), (("train=false", "device=cpu"), False), (("seeds=64",), True), (("trainer.epochs=3",), True)],
)
def test_other_sizes_are_quick_versions(arguments: tuple[str, ...], is_quick: bool) -> None:
    assert claim_options(arguments).is_quick == is_quick


def test_overrides_are_of_all_variants() -> None:
    options = claim_options(["seeds=3", "trainer.epochs=4", "train=false"])
    assert options == (("trainer.epochs=4",), 3, False)
    config = compose_variant(["experiment=claims", "model.attention=oracle"], "claims_quick", options)
    assert (config.name, config.trainer.epochs, config.dataset.train_size) == ("claims_quick", 4, 300_000)
