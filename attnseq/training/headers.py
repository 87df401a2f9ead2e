"""Precompiling the C++ headers that AOTInductor includes in every program, while it makes the program's own C++."""

import logging
from collections.abc import Mapping
from threading import Thread
from typing import Any

log = logging.getLogger(__name__)

THREAD = "precompile headers"


def precompile_headers(options: Mapping[str, Any]) -> None:
    """Start two threads that precompile the headers, unless the folder for temporary files has them already.

    Inductor does so itself, but only once it has the C++ of a program, and one after the other, so that cores are
    idle. It uses headers that are there, and waits for those that are under way.

    Errors are only logged, for debugging: Inductor will try the same again, and say what is wrong. If this process ends
    first, g++ ends by itself, and ignores an unfinished file the next time.

    Args:
        options: that the program will be compiled with, see `torch._inductor.config`.
    """
    if not options.get("aot_inductor.precompile_headers", True):
        return
    try:
        from torch._inductor import codecache, config
        from torch._inductor.cpp_builder import CppBuilder, CppTorchDeviceOptions
        from torch._inductor.cpu_vec_isa import pick_vec_isa

        with config.patch(dict(options)):
            instructions = pick_vec_isa()  # kept for the threads, which do not see this patch
            # ask for them as AotCodeCompiler.compile does
            command = {"aot_mode": True, "device_type": "cpu", "use_mmap_weights": False}
            command |= {"use_mmap_weights_external": False, "use_relative_path": False, "vec_isa": instructions}
            build = CppTorchDeviceOptions(vec_isa=instructions, device_type="cpu", aot_mode=True)
            line = repr(CppBuilder(name="o", sources="i", BuildOption=build).get_command_line())
            wrapper, kernels = codecache._get_cpp_wrapper_header("cpu", True), codecache._get_cpp_prefix_header("cpu")
    except Exception:  # none of this is public, so it may change in any way
        log.debug("headers are not precompiled early", exc_info=True)
        return

    def work(header: str, **more: Any) -> None:
        try:
            with config.patch(dict(options)):
                codecache._precompile_header(header, line, **more, **command)
        except Exception:
            log.debug("headers are not precompiled early", exc_info=True)

    for header, more in ((wrapper, {"min_optimize": True}), (kernels, {})):
        Thread(target=work, args=(header,), kwargs=more, name=THREAD, daemon=True).start()
