"""What is precompiled early is what the compiler asks for later; without it, or where it fails, nothing happens."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch._inductor import codecache, standalone_compile
from torch._inductor.utils import fresh_cache
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.training.compiling import missing_compiler, plan_compilation
from attnseq.training.headers import precompile_headers

CPU = torch.device("cpu")


class AskedFor(Exception):
    """Raised in place of precompiling headers."""


def wait() -> None:
    """Until the thread that precompiles has ended."""
    for thread in threading.enumerate():
        if thread.name == "precompile headers":
            thread.join()


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is asked to be precompiled, and is not: the arguments of each request. No thread may fail over it."""
    wait()
    asked: list[Any] = []
    failed: list[Any] = []

    def refuse(*positional: Any, **named: Any) -> None:
        asked.append((positional, named))
        raise AskedFor

    monkeypatch.setattr(codecache, "_precompile_header", refuse)
    monkeypatch.setattr(codecache.CppWrapperCodeCache, "cache", {})
    monkeypatch.setattr(threading, "excepthook", lambda unhandled: failed.append(unhandled.exc_value))
    yield asked
    wait()
    assert failed == []


@pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU) or "nothing is missing")
def test_the_compiler_asks_for_the_same_headers(requests: list[Any]) -> None:
    options = dict(plan_compilation("true", 1, 1, CPU).options) | {"cpp_cache_precompile_headers": True}
    precompile_headers(options)
    wait()
    assert len(requests) == 1
    example = torch.arange(100.0)
    with fresh_cache(), pytest.raises(Exception, match="AskedFor"):
        standalone_compile(make_fx(torch.sin)(example), [example], options={"config_patches": options})
    early, late = requests
    assert early == late


@pytest.mark.parametrize("options", [{}, {"cpp_wrapper": True, "cpp_cache_precompile_headers": False}])
def test_nothing_is_precompiled_that_no_program_includes(requests: list[Any], options: dict[str, bool | int]) -> None:
    precompile_headers(options)
    wait()
    assert requests == []


def test_another_inductor_is_left_alone(requests: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(codecache, "CppWrapperCodeCache")
    precompile_headers({"cpp_wrapper": True})
    wait()
    assert requests == []
