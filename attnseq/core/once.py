"""Work that several callers need, done once: in a block, a function returns its earlier result for the same objects."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

A = ParamSpec("A")
R = TypeVar("R")

_DONE: ContextVar[dict[tuple[Any, ...], tuple[Any, Any]] | None] = ContextVar("_DONE", default=None)
"""Arguments, which are kept so that nothing else gets their identity, and result, by function and identities."""


@contextmanager
def shared_work() -> Iterator[None]:
    """Open a block in which functions that are decorated with `once` remember what they returned."""
    token = _DONE.set({})
    try:
        yield
    finally:
        _DONE.reset(token)


def once(function: Callable[A, R]) -> Callable[A, R]:
    """Decorate a function of objects that nobody changes; outside a block of `shared_work` it is the same as before."""

    @wraps(function)
    def remembering(*args: A.args, **kwargs: A.kwargs) -> R:
        done = _DONE.get()
        if done is None or kwargs:
            return function(*args, **kwargs)
        key = (function, *map(id, args))
        if key not in done:
            done[key] = (args, function(*args, **kwargs))
        result: R = done[key][1]
        return result

    return remembering
