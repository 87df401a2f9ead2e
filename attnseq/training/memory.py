"""Memory that Python and the C library manage, managed in another way where that is faster.

A training step frees big tensors that the next step asks for again. glibc gives freed blocks of more than 128 KiB back
to the system, which hands them out again page by page, each page zeroed anew. A step of a population of eight LSTMs
meets 350 to 2,500 page faults, which take a tenth to a third of its time.
"""

import atexit
import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# options of glibc's mallopt(3): how much free memory it keeps, and from which size it maps a block on its own
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
GIBIBYTE, MOST_OF_OLDER_VERSIONS = 1 << 30, 32 << 20


def keep_freed_memory() -> bool:
    """Let this process keep what it frees, up to a gibibyte, for the rest of its life.

    The peak stays the same, up to fragmentation, but other processes cannot use what is free between peaks.

    Returns:
        Whether the C library can do so (glibc); elsewhere nothing happens.
    """
    try:
        libc = ctypes.CDLL(None)
        _ = libc.gnu_get_libc_version  # refuse musl and others, whose mallopt does nothing, or which have none
    except (AttributeError, OSError, TypeError):  # TypeError: Windows, where there is no library without a name
        return False
    mapped = libc.mallopt(M_MMAP_THRESHOLD, GIBIBYTE) or libc.mallopt(M_MMAP_THRESHOLD, MOST_OF_OLDER_VERSIONS)
    return bool(libc.mallopt(M_TRIM_THRESHOLD, GIBIBYTE) and mapped)


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause the search for reference cycles inside the block, in all threads of this process.

    Tracing and compiling make a million objects that live on. Searching them again and again takes 1 to 2 s of 15 to
    45 s, and would free 20 to 50 MiB.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def end_without_collection() -> None:
    """Let this process end without a last search for reference cycles, which takes 1 to 2 s once PyTorch is loaded.

    Finalizers of such objects do not run: whoever opens a file or the like must close it.
    """
    atexit.register(gc.freeze)
