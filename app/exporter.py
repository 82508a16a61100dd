"""Exporting pictures and walks from the window: the dialogs, the work, what is said about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from app.exporting import ExportDialog, Wish, default_folder, free_name, safe_name, sheet_job, video_job, write_image
from app.latents import anchor
from ganviz.errors import GanvizError
from ganviz.recipe import Recipe, Sheet, describe
from ganviz.smoothness import sample_frames

if TYPE_CHECKING:
    from app.window import MainWindow


CONTACTS, COLUMNS = 24, 6
"""Frames on a contact sheet, and how many in a row."""


class Exporter(QObject):
    """Exports what the window shows."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._folder = default_folder()

    def connect_compute(self) -> None:
        """Follow the running job in the status bar, whoever started it; called once the window's parts are there."""
        compute, status = self._window.compute, self._window.parts.status
        compute.job_began.connect(self._began)
        compute.job_progress.connect(status.show_progress)
        for ended in (compute.job_done, compute.job_failed, compute.job_cancelled):
            ended.connect(self._ended)
        status.cancelled.connect(compute.cancel_job)

    # -- one picture ----------------------------------------------------------------------------------------------

    def export_image(self) -> None:
        """Ask where to, then write the picture on screen."""
        window, frame = self._window, self._window.canvas.frame
        if frame is None:
            window.say("There is no picture to export yet", "info")
            return
        path = free_name(self._folder, _stem(frame.recipe), ".png")
        said = describe(frame.recipe, window.document.header_of(frame.recipe.model).card.class_names)
        side = frame.side or frame.pixels.shape[0]
        dialog = ExportDialog(window, video=False, resolution=side, path=str(path), said=said)
        dialog.wished.connect(lambda wish: self.write_image(wish, frame))
        dialog.open()

    def write_image(self, wish: Wish, frame: Any) -> None:
        """Write a frame as a PNG, off the UI thread; of a preview the exact picture."""
        window = self._window
        if not frame.exact:
            window.compute.ask(
                lambda renderer: renderer.render(frame.recipe), lambda exact: self.write_image(wish, exact), window.say
            )
            return
        licence = window.document.header_of(frame.recipe.model).card.licence
        window.background.run(
            lambda: write_image(frame.pixels, frame.recipe, wish, licence),
            self._written,
            lambda error: window.say(str(error), "error", "Export elsewhere…", self.export_image),
        )

    # -- a sheet --------------------------------------------------------------------------------------------------

    def export_sheet(self, sheet: Sheet) -> None:
        """Ask where to, then draw and write a sheet of pictures."""
        header = self._window.document.header_of(sheet.recipes[0].model)
        path = free_name(self._folder, f"{safe_name(header.ref.name)}-sheet", ".png")
        dialog = ExportDialog(
            self._window,
            video=False,
            resolution=header.spec.resolution,
            path=str(path),
            said=f"{len(sheet.recipes)} pictures in {sheet.rows} rows and {sheet.columns} columns",
            sheet=(sheet.columns, sheet.rows),
        )
        dialog.wished.connect(lambda wish: self.write_sheet(wish, sheet))
        dialog.open()

    def write_sheet(self, wish: Wish, sheet: Sheet) -> None:
        """Start drawing a sheet into a file on the compute thread."""
        window = self._window
        licence = window.document.header_of(sheet.recipes[0].model).card.licence
        name = Path(wish.path).name
        window.compute.start_job(
            sheet_job(sheet, wish, licence),
            f"Exporting {name}",
            done=self._written,
            failed=window.say,
            cancelled=lambda: window.say(f"{name} was cancelled; nothing was written", "info"),
        )

    # -- a walk ---------------------------------------------------------------------------------------------------

    def export_video(self) -> None:
        """Ask where to, then draw and write the walk."""
        document = self._window.document
        session, walk = document.session, document.session.walk
        header = document.header_of(session.keyframes[0].model)
        path = free_name(self._folder, f"{safe_name(header.ref.name)}-walk", ".mp4")
        said = f"{len(session.keyframes)} pictures · {walk.frames} frames · {walk.fps:g} fps · {walk.seconds:.1f} s"
        dialog = ExportDialog(self._window, video=True, resolution=header.spec.resolution, path=str(path), said=said)
        dialog.wished.connect(self.write_video)
        dialog.open()

    def export_contact_sheet(self) -> None:
        """Ask where to, then draw frames of the walk, evenly spread, as a sheet."""
        try:
            recipes = self._window.parts.walk.recipes()
        except GanvizError as error:
            self._window.say(str(error))
            return
        frames = sample_frames(len(recipes), CONTACTS)
        headings = tuple(f"frame {frame}" for frame in frames)
        self.export_sheet(Sheet(tuple(recipes[k] for k in frames), min(COLUMNS, len(frames)), headings))

    def write_video(self, wish: Wish) -> None:
        """Start the export of the walk on the compute thread."""
        window = self._window
        try:
            recipes = window.parts.walk.recipes()
        except GanvizError as error:
            window.say(str(error))
            return
        licence = window.document.header_of(recipes.keyframes[0].model).card.licence
        name = Path(wish.path).name
        window.compute.start_job(
            video_job(recipes, wish, licence),
            f"Exporting {name}",
            done=self._written,
            failed=window.say,
            cancelled=lambda: window.say(f"{name} was cancelled; nothing was written", "info"),
        )

    def _began(self, what: str) -> None:
        self._window.parts.status.begin_job(what)
        self._window.show_actions()

    def _ended(self) -> None:
        self._window.parts.status.end_job()
        self._window.show_actions()

    def _written(self, path: Path) -> None:
        self._folder = path.parent
        folder = QUrl.fromLocalFile(str(path.parent))
        self._window.say(f"Wrote {path}", "good", "Show in folder", lambda: QDesktopServices.openUrl(folder))


def _stem(recipe: Recipe) -> str:
    """A file name for a picture, without its suffix."""
    at = anchor(recipe.latent)
    seed = f"-seed{at.seed}" if at is not None else ""
    return f"{safe_name(recipe.model.name)}{seed}"
