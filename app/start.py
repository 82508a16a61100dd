"""What `make run` does: see that Qt's system libraries are there, then open the explorer.

Without a screen it opens the window offscreen, keeps a picture of it and a short walk, and says where they are.
Only the standard library is imported here before the libraries have been checked.
"""

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Library, Debian package. Those that only a window on an X11 screen needs are apart.
LIBRARIES = (
    ("libEGL.so.1", "libegl1"),
    ("libGL.so.1", "libgl1"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libdbus-1.so.3", "libdbus-1-3"),
    ("libfontconfig.so.1", "libfontconfig1"),
    ("libglib-2.0.so.0", "libglib2.0-0"),
)
SCREEN_LIBRARIES = (
    ("libxcb-cursor.so.0", "libxcb-cursor0"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ("libxcb-icccm.so.4", "libxcb-icccm4"),
    ("libxcb-image.so.0", "libxcb-image0"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    ("libxcb-render-util.so.0", "libxcb-render-util0"),
    ("libxcb-shape.so.0", "libxcb-shape0"),
    ("libxcb-randr.so.0", "libxcb-randr0"),
    ("libxcb-sync.so.1", "libxcb-sync1"),
    ("libxcb-xfixes.so.0", "libxcb-xfixes0"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libxcb-xkb.so.1", "libxcb-xkb1"),
)
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONT_PACKAGE = "fonts-dejavu-core"
OUT = Path("out")


def main() -> int:
    parser = argparse.ArgumentParser(description="Open the explorer, or without a screen show what it would show.")
    parser.add_argument("--prepare", action="store_true", help="only see that the system libraries are there")
    arguments = parser.parse_args()
    if sys.platform.startswith("linux") and not install_missing(missing_packages()):
        return 1
    if arguments.prepare:
        return 0
    if has_screen():
        return subprocess.call([sys.executable, "-m", "app"])
    return show_without_screen()


def has_screen() -> bool:
    """Whether a window can be shown: always on macOS and Windows, with a display server elsewhere."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def missing_packages() -> list[str]:
    """The Debian packages of the system libraries, and of fonts, that are not there."""
    missing = missing_libraries()
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    if not any(next(folder.rglob("*.[to]tf"), None) for folder in folders if folder.is_dir()):
        missing.append(FONT_PACKAGE)
    return missing


def missing_libraries() -> list[str]:
    """The Debian packages of the system libraries that are not there."""
    wanted = LIBRARIES + (SCREEN_LIBRARIES if has_screen() else ())
    return [package for library, package in wanted if not _loads(library)]


def what_to_install() -> str:
    """What to do where Qt's system libraries are missing, as the end of a sentence; "" where none is known to be."""
    if not (packages := missing_libraries()):
        return ""
    if shutil.which("apt-get") is None:
        return f"; install what your system calls {' '.join(packages)}"
    return f"; install them with: sudo apt-get install {' '.join(packages)}"


def install_missing(packages: list[str]) -> bool:
    """Name what is missing and install it where apt and root are at hand; whether all is there afterwards."""
    if not packages:
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    print(f"Qt needs system libraries that are not installed: {' '.join(packages)}", flush=True)
    if shutil.which("apt-get") is None:
        print("Install the packages of your system that hold them, then try again.")
        return False
    if os.geteuid() != 0:
        print(f"Install them with: sudo {' '.join(command)}")
        return False
    print("Installing them now ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.call(["apt-get", "update", "-q"], stdout=subprocess.DEVNULL, env=environment)
    if subprocess.call(command, stdout=subprocess.DEVNULL, env=environment) != 0:
        print("That failed; install them by hand, then try again.")
        return False
    return True


def show_without_screen() -> int:
    """Draw the window offscreen and a short walk into `out/`."""
    print("There is no screen here; drawing the window offscreen instead ...", flush=True)
    OUT.mkdir(exist_ok=True)
    picture, film = OUT / "explorer.png", OUT / "walk.mp4"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    for words in (
        ["--screenshot", str(picture)],
        ["walk", "faces-dcgan", "--seeds", "1,33,49", "--frames", "90", "--loop", "--size", "256", "--out", str(film)],
    ):
        code = subprocess.call([sys.executable, "-m", "app", *words], env=environment, stdout=subprocess.DEVNULL)
        if code != 0:
            return code
    print(f"the window:   {picture.resolve()}\na short walk: {film.resolve()}")
    return 0


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
