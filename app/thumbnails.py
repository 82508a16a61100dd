"""Small pictures for lists and strips, drawn on the compute thread when there is time, and kept in memory."""

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from app.mailbox import Mailbox
from app.running_job import Say, sentence
from ganviz.recipe import Recipe

if TYPE_CHECKING:
    from ganviz.drawing import Drawing
    from ganviz.render import Renderer

log = logging.getLogger(__name__)

THUMBNAIL = 128
"""Longest side of a thumbnail in pixels."""
THUMBNAILS_KEPT = 1024
THUMBNAILS_S = 0.05
"""Thumbnails are drawn together as long as a newer picture need not wait longer than this for them."""
MOST_AT_ONCE = 16


class Thumbnails:
    """What waits to be drawn, by channel, and what has been drawn."""

    def __init__(self, mailbox: Mailbox, say: Say) -> None:
        self._mailbox = mailbox
        self._say = say
        self._channels: dict[str, deque[Recipe]] = {}
        self._aside: tuple[Recipe, Drawing] | None = None  # one that takes long, put by between two stages
        self._cache: OrderedDict[Recipe, np.ndarray] = OrderedDict()
        self._pace = THUMBNAILS_S  # seconds that the last one took

    def want(self, channel: str, recipes: Iterable[Recipe]) -> list[tuple[Recipe, np.ndarray]]:
        """Have these drawn in place of what the channel waited for; those that are known are given back at once."""
        known = []
        with self._mailbox.bell:
            missing: deque[Recipe] = deque()
            for recipe in recipes:
                pixels = self._cache.get(recipe)
                if pixels is None:
                    missing.append(recipe)
                else:
                    known.append((recipe, pixels))
            self._channels[channel] = missing
            self._mailbox.bell.notify()
        return known

    @property
    def waiting(self) -> bool:
        """Whether there are any to draw."""
        return self._aside is not None or any(self._channels.values())

    def take(self) -> list[Recipe]:
        """As many of the first channel that waits as can be drawn without keeping a newer picture waiting.

        None while a model is being opened: they may load others, and its picture will be asked for first.
        """
        if self._mailbox.opening:
            return []
        if self._aside is not None:
            return [self._aside[0]]
        for channel in self._channels.values():
            if channel:
                count = min(len(channel), MOST_AT_ONCE, max(1, int(THUMBNAILS_S / self._pace)))
                return [channel.popleft() for _ in range(count)]
        return []

    def draw(self, renderer: "Renderer", recipes: list[Recipe]) -> None:
        """Draw several as one batch: for small networks, which mostly wait for the processor, twice as fast."""
        for recipe in [recipe for recipe in recipes if recipe in self._cache]:  # drawn since they were asked for
            self._say("thumbnail_ready", recipe, self._cache[recipe])
            recipes = [other for other in recipes if other != recipe]
            self._aside = None
        if not recipes:
            return
        if len(recipes) == 1 and (self._aside is not None or self._pace > THUMBNAILS_S):
            self._draw_aside(renderer, recipes[0])
            return
        began = time.perf_counter()
        try:
            frames = renderer.render_all(recipes)
        except Exception as error:
            if len(recipes) == 1:
                log.warning("no thumbnail: %s", sentence(error))
                self._say("thumbnail_failed", recipes[0])
            for recipe in recipes if len(recipes) > 1 else ():
                self.draw(renderer, [recipe])
            return
        self._pace = max(1e-6, (time.perf_counter() - began) / len(recipes))
        for recipe, frame in zip(recipes, frames, strict=True):
            self._say("thumbnail_ready", recipe, self.remember(recipe, frame.pixels))

    def _draw_aside(self, renderer: "Renderer", recipe: Recipe) -> None:
        """Draw one that takes long; it is put by between two stages where there is something else to do."""
        mailbox = self._mailbox
        try:
            drawing = self._aside[1] if self._aside is not None else renderer.drawing(recipe, aside=True)
            self._aside = (recipe, drawing)
            while not drawing.done:
                frame = drawing.step()
                if frame is not None:
                    self._pace = max(1e-6, frame.ms / 1000)
                    self._say("thumbnail_ready", recipe, self.remember(recipe, frame.pixels))
                elif mailbox.stopping or mailbox.recipe is not None or mailbox.calls:
                    return
        except Exception as error:
            log.warning("no thumbnail: %s", sentence(error))
            self._say("thumbnail_failed", recipe)
        self._aside = None

    def remember(self, recipe: Recipe, pixels: np.ndarray) -> np.ndarray:
        """Keep a picture, uint8 (H, W, C), as a thumbnail, and give that."""
        small = thumbnail_of(pixels)
        with self._mailbox.bell:
            self._cache[recipe] = small
            self._cache.move_to_end(recipe)
            while len(self._cache) > THUMBNAILS_KEPT:
                self._cache.popitem(last=False)
        return small


def thumbnail_of(pixels: np.ndarray) -> np.ndarray:
    """pixels uint8 (H, W, C) scaled down by area average to at most THUMBNAIL a side; smaller ones as they are."""
    longest = max(pixels.shape[:2])
    if longest <= THUMBNAIL:
        return pixels
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    small = np.asarray(image)
    return small[:, :, None] if small.ndim == 2 else small
