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
    said = io.StringIO()  # a note that it loads fast and whom to tell if it does not, or why it ends the program
    try:
        with redirect_stderr(said):
            address: str = board.launch()
    except (program.TensorBoardServerException, SystemExit) as error:
        lines = getattr(error, "msg", said.getvalue()).strip().splitlines()
        reason = lines[-1] if lines else "no reason given"
        raise ServerError(f"TensorBoard cannot be started at {host}: {reason}") from None
    return address
