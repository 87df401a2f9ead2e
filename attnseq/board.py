"""Open TensorBoard on runs, each called by what differs among them.

    python -m attnseq.board FOLDER ... [KEY=VALUE ...]

    port=6006      where it answers; else the first free port from 6006 on
    host=0.0.0.0   by which name it is reached; else localhost, from here alone
    out=FOLDER     make the links there, and start nothing: for a TensorBoard
                   of your own

TensorBoard calls a run by its folder, and that by all that is unusual in its
config. Here runs are called by what differs, the seed last, such as
"lstm_attention element seed=3". New ones appear while it is open. Ctrl-C ends it.
Exit status: 0; 1 where there are no runs, or no TensorBoard can be started; 2
for bad input.
"""

import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from attnseq.commandline.arguments import fail, new_folder, parse, port_number
from attnseq.commandline.output import enduring_output

REFRESH_SECONDS = 10
STOPPING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@enduring_output()
def main() -> None:
    """Run the command; see above."""
    folders, options = parse(sys.argv[1:], __doc__, ("port", "host", "out"))
    port = port_number(options.get("port"))
    out = new_folder("out", options["out"]) if "out" in options else None
    from attnseq.comparison.own_folders import NotOwnError
    from attnseq.comparison.run_links import RunLinks  # with TensorBoard, which --help does without
    from attnseq.report.server import ServerError, start_server

    for number in STOPPING:  # as Ctrl-C does, so that the links are removed
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="attnseq_board_") as own:
        links = RunLinks(out or Path(own), folders)
        try:
            found = links.refresh()
            if not found:
                fail(f"{', '.join(map(str, folders))}: no runs with TensorBoard events", 1)
            if out:
                print(f"{found} run{'s' * (found > 1)} in {out}")
                return
            address = start_server(links.folder, options.get("host", "localhost"), port)
            print(f"{found} run{'s' * (found > 1)}, called by what differs: {address} (Ctrl-C ends it)", flush=True)
            while True:
                time.sleep(REFRESH_SECONDS)
                with suppress(OSError):  # a sweep that is under way moves files; the next look finds them
                    links.refresh()
        except NotOwnError as error:
            fail(f"out={error}")
        except ServerError as error:
            fail(str(error), 1)
        except OSError as error:
            fail(f"{error.filename}: {error.strerror}", 1)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
