"""What a package's modules and plugins register is found by name; what is not there is refused in one line."""

import sys
from pathlib import Path

import pytest

from attnseq.core import plugins
from attnseq.core.keys import ConfigError
from attnseq.core.registry import Registry

MODULE = 'from shapes import SHAPES\n\n\n@SHAPES.register("{name}")\nclass Shape:\n    pass\n'


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[type]:
    """The registry of a package with two modules, of which the ending lets one in, and of a plugin."""
    package = tmp_path / "shapes"
    package.mkdir()
    registry = 'from attnseq.core.registry import Registry\n\nSHAPES = Registry("shape", "shapes", "_shape")\n'
    texts = {"__init__": registry, "round_shape": MODULE.format(name="round"), "broken": "raise AssertionError\n"}
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text)
    (tmp_path / "more_shapes.py").write_text(MODULE.format(name="angular"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins, "MODULES", ["more_shapes"])
    for name in ("shapes", "shapes.round_shape", "more_shapes"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from shapes import SHAPES  # type: ignore[import-not-found]

    found: Registry[type] = SHAPES
    return found


def test_modules_and_plugins_are_found_at_the_first_look(shapes: Registry[type]) -> None:
    assert "more_shapes" not in sys.modules
    assert shapes.names() == ["angular", "round"]
    assert ("round" in shapes, "flat" in shapes) == (True, False)
    assert (shapes["round"].__module__, shapes["angular"].__module__) == ("shapes.round_shape", "more_shapes")


def test_an_unknown_name_is_refused_with_those_that_there_are(shapes: Registry[type]) -> None:
    with pytest.raises(ConfigError, match=r"^shape=flat: must be one of angular, round$"):
        shapes["flat"]


def test_a_name_is_taken_once(shapes: Registry[type]) -> None:
    first = shapes["round"]
    assert shapes.register("round")(first) is first
    with pytest.raises(ValueError, match="shape round: there is one of this name already"):
        shapes.register("round")(int)


def test_a_plugin_that_cannot_be_imported_is_named(shapes: Registry[type], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "MODULES", ["no_such_plugin"])
    with pytest.raises(ConfigError, match=r"^plugins=no_such_plugin: cannot be imported \(ModuleNotFoundError: No"):
        shapes.names()
