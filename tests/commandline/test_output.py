"""Whatever happens to standard output and error, a command does its work, and says by its status what was not read."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from run_folders import write_run

from attnseq import compare, reproduce, status, train
from attnseq.commandline.output import enduring_output, quiet_stop


class Refusing(io.RawIOBase):
    """A descriptor whose every write fails, or writes nothing where `number` is 0: it does not wait for its reader."""

    def __init__(self, number: int):
        self.number = number

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int | None:  # type: ignore[override]
        if self.number:
            raise OSError(self.number, os.strerror(self.number))
        return None


def refusing(number: int, encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(Refusing(number)), encoding=encoding)


def end(main: Callable[[], object]) -> object:
    """The exit status of a command."""
    try:
        main()
    except SystemExit as ended:
        return ended.code or 0
    return 0


@enduring_output()
def much() -> None:
    """More than a buffer holds, flushed often, on both streams."""
    for stream in (sys.stdout, sys.stderr):
        for _ in range(4):
            print("x" * 5000, file=stream, flush=True)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EIO, 0])
def test_a_write_that_fails_ends_nothing(stream: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = refusing(number)
    monkeypatch.setattr(sys, stream, theirs)
    assert end(much) == int(stream == "stdout" and number != errno.EPIPE)
    assert getattr(sys, stream) is theirs
    theirs.flush()  # nothing is left in it that Python would fail to write at its end


def test_what_was_lost_is_said_and_no_other_status_is_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", refusing(errno.ENOSPC))
    for leave, code in ((0, 1), (None, 1), (2, 2), (143, 143)):

        @enduring_output()
        def main(leave: int | None = leave) -> None:
            print("lost")
            raise SystemExit(leave)

        assert end(main) == code
        err = capsys.readouterr().err
        assert err.count("\n") == (code == 1)
        assert err.startswith("standard output: No space left on device; " if code == 1 else "")
    with pytest.raises(ZeroDivisionError), enduring_output():
        print(1 / 0)


def test_what_is_written_arrives_and_statuses_stay(capsys: pytest.CaptureFixture[str]) -> None:
    for code in (0, 1, 143):

        @enduring_output()
        def main(code: int = code) -> None:
            print("out")
            print("err", file=sys.stderr)
            raise SystemExit(code)

        assert end(main) == code
        assert capsys.readouterr() == ("out\n", "err\n")


def test_letters_that_an_encoding_lacks_are_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding="ascii"))
    with enduring_output():
        print("outputs/ü漢", os.fsdecode(b"\xff"))
        assert sys.stdout.encoding == "ascii"  # by which others choose what to draw
    assert screen.getvalue() == b"outputs/\\xfc\\u6f22 \\udcff\n"


def test_how_to_encode_is_the_users_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding="ascii", errors="replace"))
    with enduring_output():
        print("ü")
    assert screen.getvalue() == b"?\n"


def test_a_terminal_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refusing, "isatty", lambda self: True)
    monkeypatch.setattr(Refusing, "fileno", lambda self: 7)
    monkeypatch.setattr(sys, "stdout", refusing(0))
    with enduring_output():
        assert sys.stdout.isatty()
        assert sys.stdout.fileno() == 7


@pytest.mark.skipif(os.name == "nt", reason="a shell closes the descriptors")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_are_not_given_to_the_next_file(closed: str, tmp_path: Path) -> None:
    program = """if True:
        import os, sys
        from attnseq.commandline.output import enduring_output
        with enduring_output(), open(sys.argv[1], "w") as file:
            assert file.fileno() > 2
            print("nowhere")
            print("nowhere", file=sys.stderr)
            os.system("echo nowhere; echo nowhere >&2")
    """
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", program, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done
    assert (tmp_path / "file").read_text() == ""


COMMANDS: dict[str, tuple[Callable[[], object], list[str]]] = {
    "compare": (compare.main, ["runs"]),
    "compare --help": (compare.main, ["--help"]),
    "reproduce --help": (reproduce.main, ["--help"]),
    "status": (status.main, ["runs"]),
    "train --help": (train.main, ["--help"]),
    "train --cfg job": (train.main, ["--cfg", "job"]),
}


@pytest.mark.usefixtures("hydra_restore_singletons")
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_endures(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(folder / "runs" / "ü漢")
    main, arguments = COMMANDS[name]
    monkeypatch.setattr(sys, "argv", ["attnseq", *arguments])
    for stream, code in ((refusing(errno.EPIPE), 0), (refusing(errno.ENOSPC, "ascii"), 1), (None, 0)):
        monkeypatch.setattr(sys, "stdout", stream)
        assert end(main) == code
    if name == "compare":
        assert (folder / "runs" / "compare.csv").exists()


def test_ctrl_c_ends_a_command_without_a_traceback() -> None:
    @quiet_stop()
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert end.value.__suppress_context__
