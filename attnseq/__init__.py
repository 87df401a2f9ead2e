"""Attention over sequences: models, training and analysis, composed by Hydra and watched in TensorBoard.

From Python:

    run = attnseq.fit(["model=lstm_attention", "trainer=fast"])     # trains, or shows what is finished
    run = attnseq.load("outputs/tutorial/lstm_attention,fast/seed=1337")
    run.predict(["2841907365"]).attention
    attnseq.find("outputs").to_frame()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from attnseq.core.version import __version__ as __version__

if TYPE_CHECKING:
    from attnseq.api.find import Runs, find
    from attnseq.api.fit import fit
    from attnseq.api.prediction import Prediction
    from attnseq.api.run import Run, RunError, load
    from attnseq.core.keys import ConfigError

__all__ = ["ConfigError", "Prediction", "Run", "RunError", "Runs", "find", "fit", "load"]

_MODULES = {
    "ConfigError": "core.keys",
    "Prediction": "api.prediction",
    "Run": "api.run",
    "RunError": "api.run",
    "Runs": "api.find",
    "find": "api.find",
    "fit": "api.fit",
    "load": "api.run",
}


def __getattr__(name: str) -> Any:
    """Import what `__all__` names only when it is asked for, since most of it loads PyTorch."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
