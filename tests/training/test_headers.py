"""What is precompiled early is what the compiler asks for later; without it, or where it fails, nothing happens."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._inductor import aot_compile, codecache
from torch._inductor.cpp_builder import CppBuilder
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.training.compiling import missing_compiler, options_for
from attnseq.training.headers import THREAD, precompile_headers

CPU = torch.device("cpu")


class AskedFor(Exception):
    """Raised in place of precompiling headers."""


def refuse(*_: object) -> None:
    raise AskedFor


def wait() -> None:
    """Until the thread that precompiles has ended."""
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join()


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is asked to be precompiled, and is not: the arguments of each request. No thread may fail over it."""
    wait()
    asked: list[Any] = []
    failed: list[Any] = []

    def note(*positional: Any, **named: Any) -> None:
        asked.append((positional, named))
        raise AskedFor

    monkeypatch.setattr(codecache, "_precompile_header", note)
    monkeypatch.setattr(threading, "excepthook", lambda unhandled: failed.append(unhandled.exc_value))
    yield asked
    wait()
    assert failed == []


@pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU) or "nothing is missing")
def test_the_compiler_asks_for_the_same_headers(
    requests: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {name: value for name, value in options_for(CPU).items() if name != "aot_inductor.precompile_headers"}
    precompile_headers(options)
    wait()
    early = list(requests)
    assert len(early) == 2
    requests.clear()
    monkeypatch.setattr(
        codecache, "_precompile_header", lambda *positional, **named: requests.append((positional, named))
    )
    example = torch.arange(100.0)
    traced = make_fx(lambda value: (torch.sin(value),))(example)
    for node in traced.graph.nodes:
        node.meta.clear()
    monkeypatch.setattr(CppBuilder, "build", refuse)
    with pytest.raises(Exception, match="AskedFor"):
        aot_compile(traced, (example,), options={**options, "aot_inductor.output_path": str(tmp_path)})
    assert len(requests) == 2
    assert all(request in early for request in requests)
    # in the same order, too, by which Inductor remembers what it has precompiled
    assert {tuple(named) for _, named in requests} == {tuple(named) for _, named in early}


def test_nothing_is_precompiled_where_that_is_switched_off(requests: list[Any]) -> None:
    precompile_headers({"aot_inductor.precompile_headers": False})
    wait()
    assert requests == []


def test_another_inductor_is_left_alone(requests: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(codecache, "_get_cpp_prefix_header")
    precompile_headers({})
    wait()
    assert requests == []
