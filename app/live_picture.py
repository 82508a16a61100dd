"""The picture on its way to the canvas, on the compute thread: soon as a preview, exact once the control rests."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from app.mailbox import Mailbox
from app.running_job import Say, sentence
from ganviz.recipe import Recipe

if TYPE_CHECKING:
    from ganviz.drawing import Drawing
    from ganviz.render import Renderer

log = logging.getLogger(__name__)

IDLE_S = 1.0
"""When there has been nothing to do for so long, previews of slow models are made better."""
SAVE_S = 60.0
"""Measured times are written this often at most, and at the end."""


class LivePicture:
    """Draws the newest recipe, and gives way to a newer one between any two stages of the network.

    remember(recipe, pixels)  is called with every exact picture
    """

    def __init__(self, mailbox: Mailbox, say: Say, remember: Callable[[Recipe, np.ndarray], object]) -> None:
        self.lessons = Lessons(mailbox)
        self._mailbox = mailbox
        self._say = say
        self._remember = remember
        self._drawing: Drawing | None = None  # what is being drawn or waits to be refined
        self._passed_over = False  # whether the drawing before was given up without a picture
        self._saved = time.monotonic()

    @property
    def waits(self) -> bool:
        """Whether a picture that was shown as a preview has yet to be refined."""
        return self._drawing is not None

    @property
    def rests_in(self) -> float | None:
        """Seconds until that picture may be refined; None where there is none.

        While recipes come one after the other, the next one is waited for.
        """
        if self._drawing is None:
            return None
        return 0.0 if self._drawing.left < self._mailbox.patience_s else self._mailbox.movement.rests_in

    def begin(self, renderer: "Renderer", recipe: Recipe) -> None:
        """Begin to draw a recipe, and go on until it can be shown."""
        try:
            mailbox = self._mailbox
            self._drawing = renderer.drawing(recipe, mailbox.frame_s, moving=mailbox.movement.is_on)
        except Exception as error:  # whatever went wrong, the thread goes on and the user is told
            self._drawing = None
            self._say("frame_failed", recipe, sentence(error))
        else:
            self.go_on(renderer)

    def go_on(self, renderer: "Renderer") -> None:
        """Draw on, up to a preview or to the end, or until something newer goes first."""
        drawing = self._drawing
        assert drawing is not None
        try:
            while not drawing.done:
                frame = drawing.step()
                if frame is not None:
                    self._passed_over = False
                    self._say("frame_ready", frame)
                    if not frame.exact:
                        return
                    self._remember(drawing.recipe, frame.pixels)
                elif self._goes_first(drawing):
                    return
        except Exception as error:  # whatever went wrong, the thread goes on and the user is told
            self._drawing = None
            self._say("frame_failed", drawing.recipe, sentence(error))
            return
        self._drawing = None
        self.lessons.begin(renderer, drawing.recipe)
        if time.monotonic() - self._saved > SAVE_S:
            self._saved = time.monotonic()
            renderer.save_measurements()

    def _goes_first(self, drawing: "Drawing") -> bool:
        """Whether something goes before the next stage of the picture.

        What cannot be shown soon gives way to a newer recipe; but not twice in a row, or nothing would be seen as long
        as a control moves.
        """
        mailbox = self._mailbox
        if mailbox.stopping or (drawing.shown and mailbox.calls):
            return True
        too_late = drawing.till_shown > mailbox.patience_s and not self._passed_over
        if mailbox.recipe is None or not (drawing.shown or too_late):
            return False
        self._passed_over = not drawing.shown
        self._drawing = None
        return True


class Lessons:
    """What makes previews of a slow model better: learnt a step at a time when there is nothing else to do."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._lesson: Iterator[None] | None = None
        self._lesson_of = self._failing = ""  # digests

    @property
    def idle_in(self) -> float | None:
        """Seconds until the lesson may go on; None where there is none."""
        return None if self._lesson is None else max(0.0, IDLE_S - self._mailbox.movement.still_s)

    def begin(self, renderer: "Renderer", recipe: Recipe) -> None:
        """Have ready what can be learnt of a recipe's model, unless that is under way or has failed."""
        digest = recipe.model.digest
        frame_s = self._mailbox.frame_s
        if frame_s is None or self._failing == digest:
            return
        if self._lesson is None or self._lesson_of != digest:
            self._lesson, self._lesson_of = renderer.learning(recipe, frame_s), digest

    def go_on(self) -> None:
        """Go one step on."""
        try:
            if self._lesson is not None and next(self._lesson, self) is self:
                self._lesson = None
        except Exception:
            log.exception("previews of a slow model cannot be made better")
            self._lesson, self._failing = None, self._lesson_of
