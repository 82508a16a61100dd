"""Convert every file of a folder in this process, and say what it took: run as a program by the tests.

    endure.py WARM-UP FOLDER OUT     prints a JSON object: name of the file -> [message, seconds, MB, events]

The message is "" where a file was converted. Seconds are the processor's, since the machine may be busy with other
things. MB is what the process grew by at its peak. Events are what no file may cause: programs started, code compiled
or run, files opened for writing outside of OUT, modules imported.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from ganviz.errors import GanvizError
from ganviz.importers.conversion import convert
from ganviz.jobs import run

STARTED = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen", "pty.spawn", "socket.")
CODE = ("exec", "compile", "code.__new__", "import", "marshal.loads", "ctypes.dlopen")


def main(warm_up: str, folder: str, out: str) -> None:
    target = Path(out) / "out.safetensors"
    for path in sorted(Path(warm_up).iterdir()):  # what is imported or compiled once is no file's doing
        run(convert(path, target))
    b"a".decode("raw-unicode-escape")  # as texts of old pickles are
    events: list[str] = []

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event.startswith(STARTED) or event in CODE:
            events.append(f"{event} {args[:1]!r:.80}")
        elif event == "open" and isinstance(args[0], str) and not args[0].startswith(out):
            if isinstance(args[1], str) and set(args[1]) & set("wax+"):
                events.append(f"write {args[0]}")

    sys.addaudithook(watch)
    results = {}
    for path in sorted(Path(folder).iterdir()):
        before = _peak(reset=True)
        events.clear()
        began = time.process_time()
        try:
            run(convert(path, target))
            message = ""
        except GanvizError as error:
            message = str(error) or "an empty message"
        except BaseException as error:  # whatever it is, it is what the tests are after
            message = f"not clear: {type(error).__name__}: {error}"
        seconds, caused = time.process_time() - began, list(events)
        results[path.name] = [message, seconds, _peak() - before, caused]
    print(json.dumps(results))


def _peak(reset: bool = False) -> float:
    """MB of memory that the process has had at most since the last reset; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
