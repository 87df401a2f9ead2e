"""What registers itself is found by its name: when it is imported, in which order, and what is refused."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attnseq.core import plugins
from attnseq.core.keys import ConfigError
from attnseq.core.registry import Registry

PACKAGE = "registry_of_a_test"

START = "from attnseq.core.registry import Registry\nimported = []\nTHINGS = Registry('thing', __name__, {0!r})\n"
LISTED = f"import {PACKAGE}\n{PACKAGE}.imported.append(__name__)\n"
REGISTERED = f'{LISTED}{PACKAGE}.THINGS.register("{{0}}")("{{0}}, a thing")\n'

Written = Callable[..., Registry[str]]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """`written(ending, **texts)`: the registry of a package of modules with these texts, and of a `plugin` if named."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(ending: str = "", **texts: str) -> Registry[str]:
        folder = tmp_path / PACKAGE
        folder.mkdir()
        (folder / "__init__.py").write_text(START.format(ending))
        for name, text in texts.items():
            path = tmp_path / f"{PACKAGE}_{name}.py" if name == "plugin" else folder / f"{name}.py"
            path.write_text(text)
        monkeypatch.setattr(plugins, "MODULES", [f"{PACKAGE}_plugin"] if "plugin" in texts else [])
        registry: Registry[str] = __import__(PACKAGE).THINGS
        return registry

    yield write
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


def imported() -> list[str]:
    names: list[str] = sys.modules[PACKAGE].imported
    return [name.removeprefix(PACKAGE).lstrip("._") for name in names]


def test_modules_are_imported_at_the_first_look_and_plugins_after_them(written: Written) -> None:
    things = written(b=REGISTERED.format("pear"), a=REGISTERED.format("plum"), plugin=REGISTERED.format("apple"))
    things.register("fig")("fig, a thing")
    assert imported() == []
    assert things.names() == ["apple", "fig", "pear", "plum"]
    assert imported() == ["a", "b", "plugin"]
    assert things["pear"] == "pear, a thing"
    assert "apple" in things
    assert "stone" not in things
    assert imported() == ["a", "b", "plugin"]


@pytest.mark.parametrize("look", [Registry.names, lambda things: "plum" in things, lambda things: things["plum"]])
def test_any_look_is_a_first_one(written: Written, look: Callable[[Registry[str]], object]) -> None:
    assert look(written(a=REGISTERED.format("plum")))
    assert imported() == ["a"]


def test_a_module_in_whose_name_another_registers_is_not_imported(written: Written) -> None:
    texts = {
        "plum_config": REGISTERED.format("plum"),
        "plum": REGISTERED.format("pear"),
        "fig": REGISTERED.format("fig"),
    }
    assert written("_config", **texts).names() == ["fig", "plum"]
    assert imported() == ["fig", "plum_config"]


def test_a_module_may_keep_a_registry_of_its_own(written: Written) -> None:
    own = (
        f"{LISTED}from attnseq.core.registry import Registry\nOWN = Registry('own', __name__)\nOWN.register('nut')(1)\n"
    )
    written(a=own, b=REGISTERED.format("plum"))
    assert importlib.import_module(f"{PACKAGE}.a").OWN.names() == ["nut"]
    assert imported() == ["a"]


def test_what_is_being_imported_may_look(written: Written) -> None:
    look = f"{PACKAGE}.imported.append(str({PACKAGE}.THINGS.names()))\n"
    assert written(a=REGISTERED.format("plum"), b=LISTED + look).names() == ["plum"]
    assert imported() == ["a", "b", "['plum']"]


def test_a_name_has_one_meaning(written: Written) -> None:
    things = written()
    plum = object()
    assert things.register("plum")(plum) is plum
    things.register("plum")(plum)  # as a module that is imported under two names does
    with pytest.raises(ValueError, match=r"^thing plum: there is one of this name already$"):
        things.register("plum")(object())


def test_a_name_has_the_form_that_is_asked_for() -> None:
    scores: Registry[str] = Registry("score", PACKAGE, form="group/name")
    assert scores.register("relevance/auroc")("fine") == "fine"
    for name in ("auroc", "/auroc", "relevance/", "a/b/c"):
        with pytest.raises(ValueError, match=rf"^score {name}: a name must be of the form group/name$"):
            scores.register(name)


def test_an_unknown_name_is_refused_in_one_line_that_says_what_is_allowed(written: Written) -> None:
    things = written(b=REGISTERED.format("pear"), a=REGISTERED.format("plum"))
    with pytest.raises(ConfigError, match=r"^thing=stone: must be one of pear, plum$"):
        things["stone"]


def test_a_plugin_that_cannot_be_imported_is_named_in_one_line(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = written()
    monkeypatch.setattr(plugins, "MODULES", ["nowhere.to_be_found"])
    with pytest.raises(
        ConfigError,
        match=r"^plugins=nowhere\.to_be_found: cannot be imported \([^\n]*nowhere[^\n]*\); is it installed, or[^\n]*$",
    ):
        things.names()


@pytest.mark.parametrize("text", ["import not_installed_here", "1 / 0", "raise OSError(2, 'gone')", "a b"])
def test_whatever_goes_wrong_in_a_plugin(written: Written, text: str) -> None:
    with pytest.raises(ConfigError, match=rf"^plugins={PACKAGE}_plugin: cannot be imported \(\w+Error: [^\n]+\)$"):
        written(plugin=text).names()
