"""What the parts of the window tell one another."""

from typing import TYPE_CHECKING

from app.panels import WORKSPACES
from app.window_state import keep_folds

if TYPE_CHECKING:
    from app.window import MainWindow


def connect(window: "MainWindow") -> None:
    """Connect the parts; called once they are all there."""
    _connect_picture(window)
    _connect_cards(window)
    _connect_walk(window)
    _connect_pages(window)


def _connect_picture(window: "MainWindow") -> None:
    parts, canvas = window.parts, window.canvas
    canvas.frameShown.connect(parts.neighbours.show_frame)
    canvas.dropped.connect(window.open)
    canvas.plane_began.connect(parts.latent.begin_move)
    canvas.plane_dragged.connect(parts.latent.wander)
    canvas.plane_ended.connect(window.document.seal)
    parts.neighbours.said.connect(window.say)
    parts.gallery.shown.connect(window.opener.open_recipe)
    parts.models.chosen.connect(window.open)
    parts.models.browse.connect(window.files.choose_file)
    parts.models.said.connect(window.say)


def _connect_cards(window: "MainWindow") -> None:
    parts, settings = window.parts, window.settings
    parts.latent.variation_changed.connect(lambda value: settings.set("variation", value))
    parts.latent.within_changed.connect(lambda value: settings.set("within", value))
    project = parts.cards["project"]
    project.taken.connect(lambda: parts.right.reveal(project))
    project.began.connect(lambda: parts.view.setCurrentIndex(0))
    project.frame_wanted.connect(window.canvas.show_frame)
    # Its last picture may not even have been painted yet.
    project.ended.connect(lambda: window.compute.request(window.document.recipe))
    for card in parts.cards.values():
        card.folded_changed.connect(lambda _: keep_folds(window))
        if hasattr(card, "said"):
            card.said.connect(window.say)


def _connect_walk(window: "MainWindow") -> None:
    parts = window.parts
    window.canvas.frameShown.connect(parts.walk.frame_shown)
    parts.walk.at_changed.connect(parts.timeline.track.set_playhead)
    parts.walk.failed.connect(lambda text: window.say(text, "warning"))
    parts.timeline.going.connect(parts.walk.go_to)
    parts.timeline.said.connect(window.say)
    parts.timeline.sheet_wanted.connect(window.exporter.export_contact_sheet)


def _connect_pages(window: "MainWindow") -> None:
    parts = window.parts
    parts.workspaces.currentChanged.connect(lambda index: window.show_workspace(WORKSPACES[index].name))
    parts.variations.export_wanted.connect(window.exporter.export_sheet)
    for page in parts.centre.pages.values():
        page.find_model = parts.models.first_that
        page.open_wanted.connect(window.open)
        page.explore_wanted.connect(window.explore)
        page.export_wanted.connect(window.exporter.export_sheet)
