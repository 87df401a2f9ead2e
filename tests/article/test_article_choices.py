"""What the article brings is taken with its dataset, or by name, and for no model that it does not have.

That its weights and orders are the stream's own is tested in tests/runs/test_build.py.
"""

import numpy as np
import pytest
from tiny_configs import tiny_config

from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.core.keys import ConfigError
from attnseq.models.config import MODELS
from attnseq.models.control_kinds import CONTROLS
from attnseq.runs import build
from attnseq.runs.choices import chosen_init, chosen_order

ARTICLES = ("mlp_attention", "lstm_attention")
TAKING = [name for name in MODELS.names() if MODELS[name].takes(Spec(Tokens(10, 10), Scalar()))]
"""Models that take the article's task."""
AUTO = {"model.init": "auto", "trainer.order": "auto"}


@pytest.mark.parametrize("model", TAKING)
def test_auto_is_the_articles_for_its_dataset_and_its_models(model: str) -> None:
    chosen = ("tutorial", "tutorial") if model in ARTICLES else ("keras", "random")
    own = tiny_config("tutorial", model, **AUTO)
    assert (chosen_init(own), chosen_order(own)) == chosen
    other = tiny_config("abs_difference", model, **AUTO)
    assert (chosen_init(other), chosen_order(other)) == ("keras", "random")


@pytest.mark.parametrize("kind", CONTROLS)
@pytest.mark.parametrize("model", ARTICLES)
def test_the_notebook_has_no_controls(model: str, kind: str) -> None:
    own = tiny_config("tutorial", model, **AUTO, **{"model.attention": kind})
    assert (chosen_init(own), chosen_order(own)) == ("keras", "random")


def test_by_name_it_is_for_any_dataset() -> None:
    config = tiny_config("abs_difference", **{"model.init": "tutorial", "trainer.order": "tutorial"})
    assert (chosen_init(config), chosen_order(config)) == ("tutorial", "tutorial")
    order = build.build_order(config)
    np.testing.assert_array_equal(np.sort(order(0)), np.arange(100))


@pytest.mark.parametrize("key", list(AUTO))
@pytest.mark.parametrize("model", [name for name in TAKING if name not in ARTICLES])
def test_a_model_that_it_does_not_have_is_refused_in_one_line(key: str, model: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{key}=tutorial: knows no {model}; must be one of auto, \w+$"):
        tiny_config("tutorial", model, **{key: "tutorial"})
