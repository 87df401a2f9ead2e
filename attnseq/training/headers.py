"""The C++ headers that TorchInductor includes in every program, precompiled while the program is still being traced."""

import logging
from collections.abc import Mapping
from threading import Thread

log = logging.getLogger(__name__)


def precompile_headers(options: Mapping[str, bool | int]) -> None:
    """Start a thread that precompiles the headers, unless they lie in the folder for temporary files already.

    Inductor does so itself, but not before it has the C++ of a program: g++ then takes 8 s, after 10 s (an MLP) to 30 s
    (an LSTM) of Python that leave the other cores idle. Inductor finds what is there, and waits for what is under way.
    To load Inductor and to choose the vector instructions, which compiling would do later, is done before it returns.

    Whatever goes wrong is left to Inductor, which will do the same again and say what is wrong; here it is logged for
    debugging. If this process ends first, g++ ends by itself, and ignores an unfinished file the next time.

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
            pick_vec_isa()  # remembered: in PyTorch 2.11 a patch is seen by all threads, in 2.13 by its own
    except Exception:  # none of this is public
        log.debug("headers are not precompiled early", exc_info=True)
        return

    def work() -> None:
        try:
            # an empty program: its headers are compiled at once, itself only when the result is called
            CppWrapperCodeCache.load_async("// at::vec:: marks a program with vectors in it", "cpu")
        except Exception:
            log.debug("headers are not precompiled early", exc_info=True)

    Thread(target=work, name="precompile headers", daemon=True).start()
