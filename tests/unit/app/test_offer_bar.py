from PySide6.QtGui import QColor

from app import theme
from app.widgets.offer_bar import OfferBar


def lightness(bar: OfferBar) -> int:
    """Of the pixel of the icon that is seen through least."""
    image = bar._icon.pixmap().toImage()
    seen = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return QColor(max(seen, key=QColor.alpha)).lightness()


def test_the_icon_follows_the_theme(qtbot, qapp):
    theme.apply(qapp, "dark")
    bar = OfferBar("offer", ("Yes", "Do it"), ("No", "Leave it"), "Ask later")
    qtbot.addWidget(bar)
    bar.offer("Something can be done")
    bar.show()
    assert lightness(bar) > 150
    theme.apply(qapp, "light")
    assert lightness(bar) < 100
    bar.hide()
    theme.apply(qapp, "dark")
    bar.offer("Something else")
    assert lightness(bar) > 150
