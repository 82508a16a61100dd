from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSizePolicy, QWidget

from app import theme
from app.widgets.canvas import MARGIN, Canvas
from app.widgets.elided import ElidedLabel
from app.widgets.image import enlarged, live_image, resized, smooth_image, thumbnail, to_qimage


def frame(side: int = 8, channels: int = 3) -> SimpleNamespace:
    """A frame whose left half is red (or dark) and right half blue (or bright)."""
    pixels = np.zeros((side, side, channels), np.uint8)
    pixels[:, : side // 2, 0] = 200
    pixels[:, side // 2 :, -1] = 250
    return SimpleNamespace(pixels=pixels, exact=True, side=0)


@pytest.fixture
def canvas(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(400, 300)
    canvas.show()
    qtbot.waitExposed(canvas)
    with qtbot.waitSignal(canvas.frameShown):
        canvas.show_frame(frame())
    return canvas


def test_an_image_owns_its_bytes(qtbot):
    pixels = np.full((4, 4, 3), 120, np.uint8)
    image = to_qimage(pixels)
    pixels[:] = 0
    assert image.pixelColor(1, 1).red() == 120


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour_pixels_and_odd_widths_become_images(channels):
    pixels = np.arange(5 * 7 * channels, dtype=np.uint8).reshape(5, 7, channels)
    image = to_qimage(pixels[:, ::-1])
    assert (image.width(), image.height()) == (7, 5)
    assert image.pixelColor(0, 1).red() == pixels[1, 6, 0]


def test_other_arrays_are_refused_with_what_was_expected():
    with pytest.raises(ValueError, match="expected uint8"):
        to_qimage(np.zeros((4, 4, 3), np.float32))
    with pytest.raises(ValueError, match="expected uint8"):
        to_qimage(np.zeros((4, 4, 4), np.uint8))


def test_thumbnails_have_the_screen_s_ratio_and_smooth_images_a_bound(qtbot):
    small = thumbnail(np.zeros((64, 32, 3), np.uint8), 30, 2.0)
    assert small.width() == 60 and small.devicePixelRatio() == 2.0
    for side, longest, wide in ((16, 500, 256), (64, 120, 128), (64, 5000, 256), (128, 5000, 512), (256, 500, 512)):
        assert smooth_image(np.zeros((side, side, 3), np.uint8), longest).width() == wide
    assert smooth_image(np.zeros((600, 600, 3), np.uint8), 5000).width() == 600
    assert smooth_image(np.zeros((900, 900, 1), np.uint8), 300).width() == 300


@pytest.mark.parametrize("channels", [1, 3])
def test_a_large_picture_is_reduced_to_means_in_its_own_colours(channels):
    levels = np.array([10, 200, 90], np.uint8)[:channels]
    pixels = np.zeros((64, 128, channels), np.uint8)
    pixels[::2], pixels[1::2] = levels, levels + 20
    image = smooth_image(pixels, 32).convertToFormat(QImage.Format.Format_RGB888)
    assert (image.width(), image.height()) == (32, 16)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(16, -1)[:, : 3 * 32].reshape(16, 32, 3)
    assert np.abs(rows.astype(int) - (levels.astype(int) + 10)).max() <= 1


def test_frame_shown_carries_the_frame_once_it_is_painted(canvas, qtbot):
    shown = frame()
    with qtbot.waitSignal(canvas.frameShown) as waiting:
        canvas.show_frame(shown)
    assert waiting.args == [shown]
    assert canvas.frame is shown


def test_a_canvas_that_is_hidden_before_it_has_painted_says_that_it_took_the_frame(canvas, qtbot):
    newer = frame()
    with qtbot.waitSignal(canvas.frameShown) as shown:
        canvas.show_frame(newer)
        canvas.hide()
    assert shown.args == [newer]


def test_a_hidden_canvas_still_says_that_it_took_the_frame(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    with qtbot.waitSignal(canvas.frameShown):
        canvas.show_frame(frame())


def test_fit_fills_the_canvas_and_keeps_the_shape(canvas):
    box = canvas.picture_rect()
    assert canvas.fitted
    assert box.height() == 300 - 2 * MARGIN and box.width() == box.height()
    assert box.center().x() == pytest.approx(200, abs=1)


def test_the_wheel_zooms_by_whole_steps_about_the_cursor(canvas, turn):
    canvas.zoom_to(16)
    at = QPointF(canvas.rect().center())
    box = canvas.picture_rect()
    under = ((at.x() - box.x()) / box.width(), (at.y() - box.y()) / box.height())
    turn(canvas, 1)
    box = canvas.picture_rect()
    assert canvas.zoom == 24
    assert (at.x() - box.x()) / box.width() == pytest.approx(under[0], abs=0.01)
    assert (at.y() - box.y()) / box.height() == pytest.approx(under[1], abs=0.01)
    turn(canvas, -2)
    assert canvas.zoom == 12


def test_whole_zooms_show_every_pixel_as_it_is(canvas):
    canvas.zoom_to(16)
    box = canvas.picture_rect()
    image = canvas.grab().toImage()
    ratio = image.width() / canvas.width()
    y = round((box.y() + 40) * ratio)
    edge = box.x() + box.width() / 2
    assert image.pixelColor(round((edge - 1) * ratio), y).name() == "#c80000"
    assert image.pixelColor(round(edge * ratio), y).name() == "#0000fa"


def test_fit_is_smooth_unless_told_otherwise(canvas):
    def colours() -> set[str]:
        image, box = canvas.grab().toImage(), canvas.picture_rect()
        y = round(box.center().y())
        return {image.pixelColor(x, y).name() for x in range(round(box.x()) + 8, round(box.right()) - 8)}

    assert len(colours()) > 2
    canvas.set_smooth(False)
    assert colours() == {"#c80000", "#0000fa"}


def test_one_to_one_counts_physical_pixels(canvas, monkeypatch):
    monkeypatch.setattr(Canvas, "devicePixelRatioF", lambda self: 2.0)
    canvas.zoom_to(1)
    assert canvas.picture_rect().width() == 4


def test_fitted_pictures_have_rounded_corners(canvas):
    box = canvas.picture_rect()
    image = canvas.grab().toImage()
    assert image.pixelColor(round(box.x()), round(box.y())).name() == theme.tokens().background
    canvas.zoom_to(16)
    box = canvas.picture_rect()
    assert canvas.grab().toImage().pixelColor(round(box.x()), round(box.y())).name() == "#c80000"


def test_dragging_with_the_latent_tool_moves_on_the_plane(canvas, qtbot, heard):
    ears = heard(began=canvas.plane_began, moved=canvas.plane_dragged, ended=canvas.plane_ended)
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(canvas, left, pos=QPoint(100, 100))
    qtbot.mouseMove(canvas, QPoint(100 + 13 * 25, 100))
    qtbot.mouseRelease(canvas, left, pos=QPoint(100 + 13 * 25, 100))
    assert ears.names == ["began", "moved", "ended"]
    right, down = ears.of("moved")[0]
    assert right == pytest.approx(1.0) and down == 0


def test_arrow_keys_move_on_the_plane_in_one_gesture(canvas, qtbot, heard):
    ears = heard(began=canvas.plane_began, moved=canvas.plane_dragged, ended=canvas.plane_ended)
    qtbot.keyPress(canvas, Qt.Key.Key_Down)
    qtbot.keyPress(canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyRelease(canvas, Qt.Key.Key_Down)
    assert ears.names == ["began", "moved", "moved", "ended"]
    assert ears.of("moved") == [(0, 0.05), (0, pytest.approx(0.005))]


def test_middle_button_pan_tool_and_held_space_pan(canvas, qtbot, heard):
    canvas.zoom_to(32)
    ears = heard(moved=canvas.plane_dragged, key=canvas.key_command)
    start = canvas.picture_rect().topLeft()
    for button, prepare, tidy in (
        (Qt.MouseButton.MiddleButton, None, None),
        (Qt.MouseButton.LeftButton, lambda: canvas.set_tool("pan"), lambda: canvas.set_tool("latent")),
        (
            Qt.MouseButton.LeftButton,
            lambda: qtbot.keyPress(canvas, Qt.Key.Key_Space),
            lambda: qtbot.keyRelease(canvas, Qt.Key.Key_Space),
        ),
    ):
        if prepare:
            prepare()
        qtbot.mousePress(canvas, button, pos=QPoint(100, 100))
        qtbot.mouseMove(canvas, QPoint(110, 105))
        qtbot.mouseRelease(canvas, button, pos=QPoint(110, 105))
        if tidy:
            tidy()
        now = canvas.picture_rect().topLeft()
        assert (now - start) == QPointF(10, 5)
        start = now
    assert ears.names == []


def test_panning_keeps_the_picture_in_view(canvas):
    canvas.zoom_to(8)
    canvas.pan(-5000, -5000)
    assert canvas.picture_rect().right() > 0 and canvas.picture_rect().bottom() > 0
    canvas.pan(9000, 9000)
    assert canvas.picture_rect().x() < 400 and canvas.picture_rect().y() < 300


def test_double_click_fits(canvas, qtbot):
    canvas.zoom_to(3)
    qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert canvas.fitted


def test_a_picture_of_another_size_is_fitted_one_of_the_same_size_keeps_the_zoom(canvas):
    canvas.zoom_to(4)
    canvas.show_frame(frame())
    assert canvas.zoom == 4
    canvas.show_frame(frame(16))
    assert canvas.fitted


def test_keys_of_the_canvas_ask_for_commands(canvas, qtbot, heard):
    ears = heard(key=canvas.key_command)
    qtbot.keyClick(canvas, Qt.Key.Key_Space)
    qtbot.keyClick(canvas, Qt.Key.Key_R)
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    assert ears.of("key") == [("play",), ("randomise",), ("zero",)]


def test_a_dropped_file_is_handed_on_by_path(canvas, heard, tmp_path):
    ears = heard(dropped=canvas.dropped)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a model.safetensors"))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(QPoint(10, 10), copy, mime, left, none)
    QApplication.sendEvent(canvas, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(canvas, QDropEvent(QPointF(10, 10), copy, mime, left, none))
    assert ears.of("dropped") == [(str(tmp_path / "a model.safetensors"),)]


def test_messages_sit_on_the_canvas_and_can_be_closed_or_acted_on(canvas, qtbot, heard):
    acted = []
    canvas.show_message("cat.jpg: expected a checkpoint", "error", "Open another", lambda: acted.append(1))
    assert canvas.message.isVisible() and canvas.message.text() == "cat.jpg: expected a checkpoint"
    canvas.message.findChild(object, "message-action").click()
    assert acted == [1] and not canvas.message.isVisible()
    canvas.show_message("again")
    canvas.message.findChild(object, "message-close").click()
    assert canvas.message.text() == ""


def test_the_hint_shows_and_goes(canvas):
    canvas.set_hint("Drag the picture")
    assert canvas.hint.isVisible() and canvas.hint.text() == "Drag the picture"
    canvas.set_hint("")
    assert not canvas.hint.isVisible()


def test_an_empty_canvas_says_what_to_do_and_ignores_the_mouse(qtbot, heard, turn):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(300, 200)
    canvas.show()
    ears = heard(began=canvas.plane_began)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    turn(canvas, 1)
    canvas.grab()
    assert ears.names == [] and canvas.empty_text


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (64, 3), (65, 3)])
def test_what_torch_enlarges_is_pillow_s_picture_within_two_levels(side, channels):
    pixels = np.random.RandomState(side).randint(0, 256, (side, side, channels)).astype(np.uint8)
    pixels.setflags(write=False)
    for width, height in ((4 * side, 4 * side), (677, 680)):
        quick, exact = enlarged(pixels, width, height), resized(pixels, width, height)
        assert quick.shape == (height, width, 4) and quick.flags.c_contiguous and (quick[:, :, 3] == 255).all()
        assert np.abs(quick[:, :, 2::-1].astype(int) - exact.astype(int)).max() <= 2


@pytest.mark.parametrize(
    ("side", "shown", "wide"), [(28, 680, 680), (128, 1400, 1400), (64, 1401, 256), (200, 680, 400)]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_small_pictures_are_enlarged_to_the_very_size_and_in_their_own_colours(qapp, side, shown, wide, channels):
    levels = np.array([10, 200, 90], np.uint8)[:channels]
    image, held = live_image(np.tile(levels, (side, side, 1)), shown, shown)
    assert image.width() == image.height() == wide and held is not None
    colour = image.pixelColor(wide // 2, wide // 3)
    assert [colour.red(), colour.green(), colour.blue()] == [10, 200, 90] if channels == 3 else [10, 10, 10]


def test_a_live_picture_that_is_large_is_reduced_as_any_other(qapp):
    pixels = np.random.RandomState(0).randint(0, 256, (300, 300, 3)).astype(np.uint8)
    image, held = live_image(pixels, 200, 200)
    assert image == smooth_image(pixels, 200) and held is None
    assert live_image(pixels, 310, 310)[0].width() == 300


def test_a_line_that_takes_what_room_there_is_has_the_window_laid_out_once(qtbot):
    whole, line = QWidget(), ElidedLabel()
    line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    row = QHBoxLayout(whole)
    row.addWidget(line)
    qtbot.addWidget(whole)
    line.setText("one")
    whole.show()
    qtbot.waitExposed(whole)
    row.activate()
    height = line.height()
    line.setText("another line, much longer than the first one was")
    assert line.text() == line.toolTip() == line.accessibleName() == "another line, much longer than the first one was"
    assert line.sizeHint().width() < 60 and line.height() == height
