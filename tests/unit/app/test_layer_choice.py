import pytest
from PySide6.QtWidgets import QWidget

from app.widgets.layer_choice import LayerChoice
from ganviz.spec import Layer, Spec


def spec_of(resolution: int, inputs: int) -> Spec:
    """As many style inputs, two at each resolution from 4 px on."""
    layers = tuple(Layer(str(k), 4 << k // 2, 8, ws=(k,)) for k in range(inputs))
    return Spec("x", 8, 8, inputs, resolution, 3, layers=layers)


@pytest.fixture
def choice(qtbot, heard):
    widget = LayerChoice("mix")
    qtbot.addWidget(widget)
    widget.set_spec(spec_of(64, 10))
    widget.show_layers(())
    widget.show()
    return widget, heard(changed=widget.changed)


def shown(widget):
    return [tick.text() for tick in widget.ticks if tick.isVisible()]


def test_each_layer_has_a_box_that_says_its_resolution(choice):
    widget, ears = choice
    assert shown(widget) == [str(k) for k in range(10)]
    assert widget.findChild(QWidget, "mix-layer-3").toolTip() == "Layer 3, 8 px, coarse"
    assert "32 to 64 px" in widget.buttons["fine"].toolTip() and "(16 px)" in widget.buttons["middle"].toolTip()
    widget.ticks[3].click()
    widget.ticks[0].setChecked(True)
    widget.ticks[3].click()
    assert ears.of("changed") == [((3,),), ((0, 3),), ((0,),)]


def test_a_group_goes_in_whole_and_out_whole(choice):
    widget, ears = choice
    widget.ticks[1].click()
    widget.buttons["coarse"].click()
    assert ears.of("changed")[-1] == ((0, 1, 2, 3),) and widget.buttons["coarse"].isChecked()
    widget.buttons["middle"].click()
    widget.buttons["coarse"].click()
    assert ears.of("changed")[-1] == ((4, 5),) and not widget.ticks[1].isChecked()


def test_what_comes_from_the_document_is_shown_in_silence(choice):
    widget, ears = choice
    widget.show_layers((4, 5, 9))
    assert [k for k, tick in enumerate(widget.ticks) if tick.isChecked()] == [4, 5, 9]
    assert widget.buttons["middle"].isChecked() and not widget.buttons["fine"].isChecked()
    assert ears.said == []


def test_another_model_has_more_or_fewer_layers_and_boxes_stand_beside_each_other(choice):
    widget, _ = choice
    widget.set_spec(spec_of(4096, 22))
    assert len(shown(widget)) == 22
    boxes = [tick.geometry() for tick in widget.ticks[:22]]
    assert not any(a.intersects(b) for k, a in enumerate(boxes) for b in boxes[:k])
    widget.set_spec(spec_of(16, 6))
    assert shown(widget) == [str(k) for k in range(6)]
