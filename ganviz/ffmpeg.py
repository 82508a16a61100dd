"""Encoding films with ffmpeg, in a process of its own: codecs, the pipe that frames go through, comments in files."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ganviz.errors import GanvizError

Quality = Literal["low", "medium", "high"]
COMMENT_LIMIT = 32 << 20


@dataclass(frozen=True, slots=True)
class Codec:
    """How ffmpeg writes one kind of film.

    options   for the encoder and the container; rate: its constant rate factor by quality, where it has one
    demuxer   what reads the file back
    filters   what every frame goes through first
    even      whether sides have to be even, as yuv420p needs
    top_fps   the most frames a second that viewers play at their right speed
    """

    options: tuple[str, ...]
    demuxer: str
    filters: str
    rate: dict[Quality, int] = field(default_factory=dict)
    even: bool = False
    top_fps: float = 1000.0


# Converted with the matrix that the file then names; ffmpeg's own default is BT.601 without a word about it.
_TO_BT709 = (
    "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int+full_chroma_inp,"
    "format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
)

CODECS = {
    ".mp4": Codec(
        ("-c:v", "libx264", "-movflags", "+faststart"),
        demuxer="mov",
        filters=_TO_BT709,
        rate={"low": 28, "medium": 22, "high": 17},
        even=True,
    ),
    ".webm": Codec(
        ("-c:v", "libvpx-vp9", "-b:v", "0", "-deadline", "good", "-cpu-used", "4", "-row-mt", "1"),
        demuxer="matroska",
        filters=_TO_BT709,
        rate={"low": 42, "medium": 33, "high": 24},
        even=True,
    ),
    # A palette for each frame: one for all would need the whole film in memory first. Delays are hundredths of a
    # second, and viewers slow down those below two.
    ".gif": Codec(
        ("-loop", "0"),
        demuxer="gif",
        filters="split[a][b];[a]palettegen=stats_mode=single:reserve_transparent=0[p];[b][p]paletteuse=new=1",
        top_fps=50.0,
    ),
}


def program() -> str:
    """The path of ffmpeg; GanvizError when there is none."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise GanvizError(
            "films need ffmpeg and none was found; install the Python package imageio-ffmpeg or your system's ffmpeg, "
            "or export a folder of PNG files"
        ) from error


class Encoder:
    """A running ffmpeg that takes raw RGB frames; see `encoder`."""

    def __init__(self, command: list[str], target: Path, temporary: Path, log: Path) -> None:
        self._target, self._temporary, self._log = target, temporary, log
        try:
            # Messages go to a file: a pipe that nobody empties would stop the process when it is full.
            with log.open("wb") as messages:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=messages, **_apart()
                )
        except OSError as error:
            reason = error.strerror or error
            raise GanvizError(f"{target}: ffmpeg cannot be started ({reason}): {command[0]}") from error
        assert self._process.stdin is not None
        self._pipe = self._process.stdin

    def write(self, pixels: np.ndarray) -> None:
        """Pass on one frame, uint8 (H, W, 3) or (H, W, 1); waits while the encoder is behind."""
        if pixels.shape[2] == 1:
            pixels = pixels.repeat(3, axis=2)
        try:
            self._pipe.write(np.ascontiguousarray(pixels).data)
        except (OSError, ValueError) as error:  # ValueError: `kill` closed the pipe meanwhile
            self._process.wait()
            raise self._failure() from error

    def finish(self) -> None:
        """Close the pipe and wait until the file is whole."""
        try:
            self._pipe.close()
        except OSError as error:
            self._process.wait()
            raise self._failure() from error
        if self._process.wait() != 0:
            raise self._failure()

    def kill(self) -> None:
        """Stop the process, if it still runs, and reap it."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._pipe.close()

    def _failure(self) -> GanvizError:
        said = self._log.read_bytes() if self._log.is_file() else b""
        words = _last_words(said, self._temporary, self._target)
        return GanvizError(f"{self._target}: the film was not written, ffmpeg stopped: {words}")


@contextmanager
def encoder(
    codec: Codec,
    target: Path,
    temporary: Path,
    size: tuple[int, int],
    fps: float,
    quality: Quality = "high",
    comment: str = "",
) -> Iterator[Encoder]:
    """An encoder of frames `size` (width, height) that writes to `temporary`; afterwards its process has ended.

    Errors name `target`. A comment goes into the container; GIF has to be given its own by `add_gif_comment`.
    """
    rate = Fraction(fps).limit_denominator(1001)
    command = [program(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{size[0]}x{size[1]}", "-framerate", str(rate), "-i", "pipe:0"]
    with tempfile.TemporaryDirectory(prefix="ganviz-", ignore_cleanup_errors=True) as scratch:
        if comment and codec.demuxer != "gif":
            # In a file, since a command line may be too short for it.
            described = Path(scratch, "comment.txt")
            described.write_text(_ffmetadata(comment), encoding="utf-8")
            command += ["-f", "ffmetadata", "-i", f"file:{described}", "-map", "0:v", "-map_metadata", "1"]
        command += ["-vf", codec.filters, *codec.options]
        command += ["-crf", str(codec.rate[quality])] if codec.rate else []
        running = Encoder([*command, f"file:{temporary}"], target, temporary, Path(scratch, "messages.txt"))
        try:
            yield running
        finally:
            running.kill()


def read_comment(path: Path, codec: Codec) -> str:
    """The comment of a film, "" without one; GanvizError, naming the file, when it is no such film."""
    command = [program(), "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-f", codec.demuxer]
    command += ["-i", f"file:{path}", "-f", "ffmetadata", "pipe:1"]
    result = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False, **_apart())
    if result.returncode or len(result.stdout) > COMMENT_LIMIT:
        words = _last_words(result.stderr, path, path)
        raise GanvizError(f"{path}: expected a film, the file is damaged or of another kind ({words})")
    for line in result.stdout.decode("utf-8", "replace").splitlines():
        key, _, value = line.partition("=")
        if key.lower() == "comment":  # Matroska writes its keys in capitals
            letters = iter(value)
            return "".join(next(letters, "") if letter == "\\" else letter for letter in letters)
    return ""


def add_gif_comment(path: Path, text: str) -> None:
    """Put a comment extension (GIF89a, section 24) before the trailer of a whole GIF file; ffmpeg writes none."""
    data = text.encode()
    blocks = b"".join(bytes([len(data[k : k + 255])]) + data[k : k + 255] for k in range(0, len(data), 255))
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) == b";":
            file.seek(-1, os.SEEK_END)
            file.write(b"\x21\xfe" + blocks + b"\x00;")


def _apart() -> dict[str, Any]:
    """Options that keep a child process from the terminal's Ctrl+C and from opening console windows."""
    if os.name == "nt":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW  # type: ignore[attr-defined]
        return {"creationflags": flags}
    return {"start_new_session": True}


def _last_words(messages: bytes, temporary: Path, target: Path) -> str:
    """The last line that ffmpeg said, with the name that the user knows."""
    lines: Sequence[str] = messages.decode("utf-8", "replace").replace(str(temporary), str(target)).split("\n")
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it gave no reason")


def _ffmetadata(comment: str) -> str:
    """ffmpeg's metadata file with this comment in it."""
    escaped = "".join(f"\\{letter}" if letter in "=;#\\\n" else letter for letter in comment)
    return f";FFMETADATA1\ncomment={escaped}\n"
