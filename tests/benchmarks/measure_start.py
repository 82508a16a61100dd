"""In a process of its own: how long a start takes, in seconds since BEGAN (a time.time() of the parent's).

measure_start.py bare BEGAN MODEL   ->  {"imported", "drawn"}: the imports alone that no window of this kind can do
    without; and then the model loaded and one picture drawn, with nothing else
measure_start.py window BEGAN MODEL ->  {"painted", "picture"}: first paint of the window, first picture on the canvas
"""

import json
import sys
import time


def bare(began: float, model: str) -> None:
    import PySide6.QtWidgets
    import torch

    assert PySide6.QtWidgets
    imported = time.time() - began
    import ganviz

    generator = ganviz.load(model, "cpu")
    with torch.inference_mode():
        generator(ganviz.latent.seeds([0], generator.spec.z_dim))
    print(json.dumps({"imported": imported, "drawn": time.time() - began}))


def window(began: float, model: str) -> None:
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication

    from app.__main__ import build_window

    application = QApplication([])
    times: dict[str, float] = {}

    class FirstPaint(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                times.setdefault("painted", time.time() - began)
                times.setdefault("torch", float("torch" in sys.modules))
            return False

    explorer = build_window(model)
    first_paint = FirstPaint()
    explorer.canvas.installEventFilter(first_paint)

    def shown(_: object) -> None:
        times.setdefault("picture", time.time() - began)
        QTimer.singleShot(0, application.quit)

    explorer.canvas.frameShown.connect(shown)
    explorer.show()
    application.exec()
    explorer.ask_on_close = False
    explorer.close()
    print(json.dumps(times))


if __name__ == "__main__":
    (bare if sys.argv[1] == "bare" else window)(float(sys.argv[2]), sys.argv[3])
