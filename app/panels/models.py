"""The left column: models that are here, bundled, downloaded and recent ones, and those that could be downloaded."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.background import Background
from app.compute import Compute
from app.document import Document, fresh_recipe
from app.widgets.buttons import TextButton
from app.widgets.download_offer import DownloadOffer
from app.widgets.model_list import ModelList, ModelRow
from ganviz import catalog, zoo
from ganviz.checkpoint import Header
from ganviz.models import MODELS
from ganviz.notation import format_kimg
from ganviz.recipe import Recipe
from ganviz.session import Session
from ganviz.spec import Spec

log = logging.getLogger(__name__)

CHANNEL = "models"
SMALL = 64 << 20
"""Models of more bytes than this are not loaded for the sake of a thumbnail."""
SECTIONS = ("Bundled", "Downloaded", "Runs", "Recent")
ABSENT = "To download"
BEGIN_WITH = "faces-dcgan"
"""What is shown first, wherever it stands in the list."""
THUMBNAIL_SEED = 3
"""The seed whose picture stands for a model."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the background thread found out about one model."""

    section: str
    header: Header
    size: int


class ModelsPanel(QWidget):
    """Models to open. `chosen(str)` carries the path of one, `browse()` asks for a file dialog.

    A model that is not here yet is offered for download first; `said(text, kind)` tells how that went.
    """

    chosen = Signal(str)
    browse = Signal()
    listed = Signal()
    said = Signal(str, str)

    def __init__(self, document: Document, compute: Compute) -> None:
        super().__init__()
        self._document, self._compute = document, compute
        self._listed: list[Listed] = []
        self._absent: list[zoo.Entry] = []
        self._fetching = ""  # name of the model that is being downloaded
        self.is_listed = False  # whether the models have been looked for
        self._asked: dict[Recipe, str] = {}
        self._failed: set[str] = set()  # digests of models that have no thumbnail because they cannot be drawn
        self.list = ModelList("model-browser")
        self.offer = DownloadOffer()
        self.open_button = TextButton(
            "Open a file…",
            "Open a checkpoint, a run folder, a session or an exported picture",
            "browse-models",
            icon="folder-open-outline",
            shortcut="Ctrl+O",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.offer)
        layout.addWidget(self.open_button)
        self.list.activated.connect(self._activated)
        self.list.needed.connect(self._draw)
        self.offer.wanted.connect(self._download)
        self.open_button.clicked.connect(self.browse)
        compute.thumbnail_ready.connect(self._thumbnail)
        compute.thumbnail_failed.connect(self._no_thumbnail)

    @staticmethod
    def applies(spec: Spec) -> bool:
        """Always."""
        return True

    def refresh(self, background: Background) -> None:
        """Look again at what models there are, off the UI thread."""
        # Where the search as a whole fails the list stays as it is, and whoever waits for it goes on.
        background.run(
            lambda: (find_models(), find_absent()),
            lambda found: self._show(*found),
            lambda error: self._show(self._listed, self._absent),
        )

    def first(self) -> str | None:
        """Path of the model to begin with: a face, where it is there."""
        faces = (found for found in self._listed if found.header.ref.name == BEGIN_WITH)
        found = next(faces, self._listed[0] if self._listed else None)
        return self.path_of(found.header.digest) if found is not None else None

    def first_that(self, applies: Callable[[Spec], bool]) -> Header | None:
        """The first listed model whose spec has what somebody needs."""
        return next((found.header for found in self._listed if applies(found.header.spec)), None)

    def show_session(self, session: Session) -> None:
        """Mark the open model, or the run that it is a snapshot of."""
        digest = session.recipe.model.digest
        run = catalog.run_of(self._document.header.path)
        rows = [f.header for f in self._listed if run is not None and catalog.run_of(f.header.path) == run]
        current = rows[0].digest if rows else digest
        if self.list.current() != current:
            self.list.set_current(current)

    def complete(self) -> bool:
        """Whether every row that can have a thumbnail has one, or is known to get none."""
        drawable = {found.header.digest for found in self._listed if found.size <= SMALL}
        return drawable <= self.list.pictures() | self._failed

    def _show(self, found: list[Listed], absent: list[zoo.Entry]) -> None:
        rows: dict[str, tuple[Listed, ModelRow]] = {}
        for item in found:
            try:
                fresh_recipe(item.header)  # what cannot even be described can neither be drawn nor opened
                rows[item.header.digest] = (item, self._row(item))
            except Exception as error:  # files are from anywhere: one of them must not keep the others from the list
                log.warning("%s: not listed, its description is damaged (%s)", item.header.path, error)
        self._listed, self.is_listed = [item for item, _ in rows.values()], True
        self._absent = absent
        self.list.set_rows([*(row for _, row in rows.values()), *map(absent_row, absent)])
        if self._document.is_open:
            self.show_session(self._document.session)
        self.listed.emit()

    @staticmethod
    def _row(found: Listed) -> ModelRow:
        header, card = found.header, found.header.card
        licence = card.licence or "not stated"
        said = [card.title or header.ref.name, card.description, f"Licence: {licence}", str(header.path)]
        caption, seen = caption_of(header), catalog.images_seen(header)
        if found.section == "Runs" or (found.section == "Recent" and card.images_seen):
            # Snapshots and copies of them share a name; how far each had come tells them apart.
            caption = f"{family_of(header)} · {format_kimg(seen)} kimg"
        return ModelRow(header.digest, found.section, header.ref.name, caption, licence, "\n".join(filter(None, said)))

    def path_of(self, digest: object) -> str | None:
        """Where the model of a row lies; of a run, the folder, which may hold a newer snapshot by now."""
        paths = (f.header.path for f in self._listed if f.header.digest == digest)
        return next((str(catalog.run_of(path) or path) for path in paths), None)

    def _activated(self, key: object) -> None:
        entry = next((entry for entry in self._absent if entry.name == key), None)
        self._offer(entry)
        path = self.path_of(key)
        if path is not None:
            self.chosen.emit(path)

    def _offer(self, entry: zoo.Entry | None) -> None:
        """Offer a model for download, or nothing."""
        self.list.mark(entry.name if entry else None)
        self.offer.setVisible(entry is not None)
        if entry is not None:
            card = entry.card
            self.offer.offer(card.title, f"{card.description}\nLicence: {card.licence}\nData: {card.data}", entry.size)
            self.offer.set_busy(self._fetching == entry.name)

    def _download(self) -> None:
        """Fetch the offered model, then open it."""
        name = str(self.list.marked())
        if self._compute.start_job(
            lambda _: zoo.get(name),
            f"Downloading {name}",
            done=self._fetched,
            failed=lambda message: self._not_fetched(message, "error"),
            cancelled=lambda: self._not_fetched(f"{name} was cancelled; nothing was kept", "info"),
        ):
            self._fetching = name
            self.offer.set_busy(True)

    def _fetched(self, fetched: zoo.Fetched) -> None:
        entry, self._fetching = fetched.entry, ""
        if self.list.marked() == entry.name:
            self._offer(None)
        self.said.emit(f"{entry.name}: licence {entry.card.licence}. To be cited as {entry.citation}.", "good")
        self.chosen.emit(str(fetched.path))

    def _not_fetched(self, message: str, kind: str) -> None:
        self._fetching = ""
        self.offer.set_busy(False)
        self.said.emit(message, kind)

    def _draw(self, digests: list[str]) -> None:
        self._asked.clear()
        for found in self._listed:
            if found.header.digest in digests and found.size <= SMALL:
                self._asked[fresh_recipe(found.header, seed=THUMBNAIL_SEED)] = found.header.digest
        self._compute.want_thumbnails(CHANNEL, list(self._asked))

    def _thumbnail(self, recipe: Recipe, pixels: np.ndarray) -> None:
        digest = self._asked.pop(recipe, None)
        if digest is not None:
            self._failed.discard(digest)
            self.list.set_picture(digest, pixels)

    def _no_thumbnail(self, recipe: Recipe) -> None:
        digest = self._asked.pop(recipe, None)
        if digest is not None:
            self._failed.add(digest)  # the row keeps its placeholder


def find_models() -> list[Listed]:
    """Every model at hand, once each, by section. Reads headers only; runs on the background thread.

    Run folders, whether they came with the program or were opened lately, have a section of their own.
    """
    found: dict[str, Listed] = {}
    for section, headers in (
        ("Bundled", catalog.bundled),
        ("Downloaded", catalog.fetched),
        ("Recent", catalog.recent),
    ):
        try:
            for header in headers():
                kind = "Runs" if catalog.run_of(header.path) else section
                found.setdefault(header.digest, Listed(kind, header, header.path.stat().st_size))
        except Exception as error:  # the other sections are still to be had
            log.warning("%s models: not all could be listed (%s)", section.lower(), error)
    return sorted(found.values(), key=lambda item: SECTIONS.index(item.section))


def find_absent() -> list[zoo.Entry]:
    """The models that could be downloaded. Reads headers only; runs on the background thread."""
    try:
        return catalog.downloadable()
    except Exception as error:  # what is here is listed all the same
        log.warning("what could be downloaded is not known (%s)", error)
        return []


def absent_row(entry: zoo.Entry) -> ModelRow:
    """The row of a model that could be downloaded."""
    card = entry.card
    tip = "\n".join((card.title, entry.summary, card.description, f"Licence: {card.licence}", entry.citation))
    caption = f"{entry.resolution} px · {entry.size / 1e6:.0f} MB"
    return ModelRow(entry.name, ABSENT, entry.name, caption, card.licence, tip, absent=True)


def family_of(header: Header) -> str:
    """Family and size."""
    label = MODELS[header.arch].label if header.arch in MODELS else header.arch
    return f"{label} · {header.spec.resolution} px"


def caption_of(header: Header) -> str:
    """One short line: family, size, conditions."""
    spec, said = header.spec, [family_of(header)]
    if spec.num_classes:
        said.append(f"{spec.num_classes} classes")
    if spec.codes:
        said.append(f"{len(spec.codes)} codes")
    return " · ".join(said)
