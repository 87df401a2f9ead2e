"""What there is of a kind, by name: models, tasks, metrics, each in a file of its own."""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Generic, TypeVar

from attnseq.core import plugins
from attnseq.core.keys import ConfigError

T = TypeVar("T")
D = TypeVar("D")


class Registry(Generic[T]):
    """What each module of a package registers, and plugins besides; they are imported at the first look.

    Args:
        kind: what is registered, in one word, as messages call it.
        package: whose modules register it; a module that is no package does so by itself.
        ending: of a module that registers in the name of another one, which is called as it is but for this ending,
            and takes longer to import: that one is left alone.
    """

    def __init__(self, kind: str, package: str, ending: str = ""):
        self._kind, self._package, self._ending = kind, package, ending
        self._found: dict[str, T] = {}
        self._is_loaded = False

    def register(self, name: str) -> Callable[[D], D]:
        """Decorate what is to be found by a name.

        Raises:
            ValueError: there is another one of this name.
        """

        def keep(value: D) -> D:
            found = self._found.get(name)
            if found is not None and _place(found) != _place(value):  # a module that is imported again replaces its own
                raise ValueError(f"{self._kind} {name}: there is one of this name already")
            self._found[name] = value  # type: ignore[assignment]
            return value

        return keep

    def names(self) -> list[str]:
        """All of them, sorted."""
        self._load()
        return sorted(self._found)

    def __contains__(self, name: str) -> bool:
        self._load()
        return name in self._found

    def __getitem__(self, name: str) -> T:
        """What is registered by a name; ConfigError where nothing is."""
        self._load()
        if name not in self._found:
            raise ConfigError(f"{self._kind}={name}: must be one of {', '.join(self.names())}")
        return self._found[name]

    def _load(self) -> None:
        if not self._is_loaded:
            self._is_loaded = True  # what is imported now may look, too
            try:
                self._import_package()
            except BaseException:
                self._is_loaded = False
                raise
        plugins.load()  # each time: more may have been named meanwhile

    def _import_package(self) -> None:
        path = getattr(sys.modules[self._package], "__path__", ())
        names = [each.name for each in pkgutil.iter_modules(path)]
        for name in names:
            if not (self._ending and f"{name}{self._ending}" in names):
                importlib.import_module(f"{self._package}.{name}")


def _place(value: object) -> object:
    """Where a class or function was written; anything else is itself."""
    name = getattr(value, "__qualname__", None)
    return (getattr(value, "__module__", None), name) if name else id(value)
