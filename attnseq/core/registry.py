"""Registries: the models, tasks, metrics and so on that there are, by name, each in a file of its own."""

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
    """What the modules of a package register, and plugins besides. The modules are imported at the first look.

    Args:
        kind: what is registered, in one word, as messages call it.
        package: its modules register things; a plain module registers them itself.
        ending: of a light module that registers in place of a heavy one. Where X and X + ending both exist, X is not
            imported.
        form: of a name, such as "group/name": a name has as many parts.
    """

    def __init__(self, kind: str, package: str, ending: str = "", form: str = "name"):
        self._kind, self._package, self._ending, self._form = kind, package, ending, form
        self._found: dict[str, T] = {}
        self._is_loaded = False

    def register(self, name: str) -> Callable[[D], D]:
        """Return a decorator that registers a class or function by a name.

        Raises:
            ValueError: something else has this name, or it has another form.
        """
        if len(list(filter(None, name.split("/")))) != len(self._form.split("/")):
            raise ValueError(f"{self._kind} {name}: a name must be of the form {self._form}")

        def keep(value: D) -> D:
            found = self._found.get(name)
            if found is not None and _place(found) != _place(value):  # a second import may replace its own
                raise ValueError(f"{self._kind} {name}: there is one of this name already")
            self._found[name] = value  # type: ignore[assignment]
            return value

        return keep

    def names(self) -> list[str]:
        """List all names, sorted."""
        self._load()
        return sorted(self._found)

    def __contains__(self, name: str) -> bool:
        self._load()
        return name in self._found

    def __getitem__(self, name: str) -> T:
        """Look up what is registered by a name; raise ConfigError where nothing is."""
        self._load()
        if name not in self._found:
            raise ConfigError(f"{self._kind}={name}: must be one of {', '.join(self.names())}")
        return self._found[name]

    def _load(self) -> None:
        if not self._is_loaded:
            self._is_loaded = True  # before the import: what is imported may look names up, too
            try:
                self._import_package()
            except BaseException:
                self._is_loaded = False
                raise
        plugins.load()  # each time: users may have named more meanwhile

    def _import_package(self) -> None:
        path = getattr(sys.modules[self._package], "__path__", ())
        names = [each.name for each in pkgutil.iter_modules(path)]
        for name in names:
            if not (self._ending and f"{name}{self._ending}" in names):
                importlib.import_module(f"{self._package}.{name}")


def _place(value: object) -> object:
    """Return where a class or function was written, or the identity of anything else."""
    name = getattr(value, "__qualname__", None)
    return (getattr(value, "__module__", None), name) if name else id(value)
