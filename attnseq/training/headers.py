"""The C++ headers that TorchInductor includes in every program, precompiled while the program is still being traced."""

from collections.abc import Mapping
from threading import Thread


def precompile_headers(options: Mapping[str, bool | int]) -> None:
    """Start to precompile the headers, if that was never done on this machine, and return at once.

    Inductor does so itself, but not before it has the C++ of a program: g++ then takes 8 s, after 10 s (an MLP) to 30 s
    (an LSTM) of Python that leave the other cores idle. Inductor finds what is there, and waits for what is under way.

    Whatever goes wrong here is kept still: Inductor will do the same again, and say what is wrong.

    Args:
        options: those that the program will be compiled with, see `torch._inductor.config`.
    """
    if not options.get("cpp_wrapper") or not options.get("cpp_cache_precompile_headers", True):
        return
    try:
        from torch._inductor import config
        from torch._inductor.codecache import CppWrapperCodeCache
        from torch._inductor.cpu_vec_isa import pick_vec_isa

        with config.patch(dict(options)):
            pick_vec_isa()  # remembered: in PyTorch before 2.13 a patch is seen by all threads
    except Exception:  # none of this is public
        return

    def work() -> None:
        try:
            # an empty program, but for the mark by which Inductor knows that vectors are in it: the headers are
            # compiled at once, the program itself when the result is called
            CppWrapperCodeCache.load_async("// at::vec::", "cpu")
        except Exception:
            return

    Thread(target=work, name="precompile headers", daemon=True).start()
