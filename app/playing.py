"""What moves by itself when it is told to: wandering, the walk, a training's snapshots; one thing at a time."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from app.window import MainWindow


class Playing(QObject):
    """Starts and stops the window's players."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window

    def connect_players(self) -> None:
        """Let none of them go on when another one starts; called once the window's parts are there."""
        for player in self._players():
            player.playing_changed.connect(lambda playing, player=player: self._changed(player, playing))

    @property
    def is_on(self) -> bool:
        """Whether anything moves."""
        return any(player.playing for player in self._players())

    def play(self) -> None:
        """Play the walk if there is one, else wander; again stops."""
        parts = self._window.parts
        if self.is_on:
            self.stop()
        elif parts.walk.can_play:
            parts.walk.play(True)
        else:
            parts.latent.play(True)

    def stop(self, besides: Any = None) -> None:
        """Let nothing move any more, but for one thing."""
        for player in self._players():
            if player is not besides:
                player.play(False)

    def _players(self) -> tuple[Any, ...]:
        parts = self._window.parts
        return parts.latent, parts.walk, parts.snapshots

    def _changed(self, player: Any, playing: bool) -> None:
        if playing:
            self.stop(besides=player)
