"""TensorBoard's own server, started from Python."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path

RELOAD_SECONDS = 5


class ServerError(RuntimeError):
    """The server cannot be started; the message says why."""


def start_server(folder: Path, host: str = "localhost", port: int | None = None) -> str:
    """Start TensorBoard in a thread, which ends with the program.

    Args:
        folder: whose runs it shows.
        host: by which it is reached.
        port: None for the first free one from 6006 on; 0 for any.

    Returns:
        Its address.

    Raises:
        ServerError: the port is taken, or there is no such host.
    """
    from tensorboard import program  # takes a second or two

    arguments = ["tensorboard", "--logdir", str(folder), "--host", host, f"--reload_interval={RELOAD_SECONDS}"]
    board = program.TensorBoard()
    board.configure([*arguments, *([f"--port={port}"] if port is not None else [])])
    try:
        with redirect_stderr(io.StringIO()):  # a note that it loads fast, and whom to tell if it does not
            address: str = board.launch()
    except program.TensorBoardServerException as error:
        raise ServerError(" ".join(error.msg.split())) from None
    return address
