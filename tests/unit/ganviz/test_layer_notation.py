import pytest

from ganviz.edits import LayerNoise, Mix, UnitEdit
from ganviz.expression import Seed
from ganviz.layer_notation import (
    format_numbers,
    parse_layer,
    parse_layer_noise,
    parse_layer_psi,
    parse_mix,
    parse_psis,
    parse_units,
)
from ganviz.models import build_generator

SIZES = {"resolution": 16, "z_dim": 4, "w_dim": 4, "mapping_layers": 1, "base_channels": 1}
SPEC = build_generator("stylegan2", SIZES).spec


def test_a_mix_is_layers_a_seed_and_how_much_of_it() -> None:
    assert parse_mix("coarse=1000", SPEC) == Mix(Seed(1000), (0, 1))
    assert parse_mix("0,2-3 = 1402@0.5/0*0.25", SPEC) == Mix(Seed(1402).moved(0.5, 0), (0, 2, 3), 0.25)
    for wrong in ("coarse", "coarse=", "=3", "crude=3", "coarse=3*", "coarse=3*x", "coarse=1,2", "6=3"):
        with pytest.raises(ValueError, match="expected"):
            parse_mix(wrong, SPEC)


def test_layers_have_a_psi_or_noise_of_their_own() -> None:
    assert parse_layer_psi("fine=-0.5", SPEC) == ((4, -0.5), (5, -0.5))
    assert parse_layer_noise("3-4=0", SPEC) == (LayerNoise(3, 0.0), LayerNoise(4, 0.0))
    assert parse_layer_noise("coarse=1.5@7", SPEC) == (LayerNoise(0, 1.5, 7),)
    for wrong in ("fine", "fine=x", "9=1", "fine=1@x", "fine=1@5000000000"):
        with pytest.raises(ValueError, match="expected"):
            parse_layer_noise(wrong, SPEC)
    for wrong in ("fine", "fine=x", "9=1"):
        with pytest.raises(ValueError, match="expected"):
            parse_layer_psi(wrong, SPEC)


def test_units_of_a_layer_have_a_gain_and_perhaps_a_lift() -> None:
    assert [layer.name for layer in SPEC.layers][:2] == ["4x4 b", "8x8 a"]
    assert parse_layer("8X8 A", SPEC) == parse_layer(" 1", SPEC) == 1
    assert parse_units("8x8 a:1=0", SPEC) == UnitEdit(1, (1,), 0.0)
    assert parse_units("0:all=2.5-0.25", SPEC) == UnitEdit(0, None, 2.5, -0.25)
    assert parse_units("0 : 3,0-1 = -1+2", SPEC) == UnitEdit(0, (0, 1, 3), -1.0, 2.0)
    for wrong in ("0", "0:1", "0=1", ":1=1", "0:4=1", "0:2-1=1", "5:0=1", "9x9:0=1", "0:=1", "0:1=x", "0:1=1e3"):
        with pytest.raises(ValueError, match="expected"):
            parse_units(wrong, SPEC)


def test_psis_are_a_list_or_so_many_from_one_to_another() -> None:
    assert parse_psis("1, 0.7,-1") == (1.0, 0.7, -1.0)
    assert parse_psis("-1:1:5") == (-1.0, -0.5, 0.0, 0.5, 1.0)
    assert parse_psis(format_numbers((1.0, 0.7, -0.25))) == (1.0, 0.7, -0.25)
    for wrong in ("", "a", "1:2", "1:2:1", "1:2:1000", "1,,2", ",".join("1" * 65)):
        with pytest.raises(ValueError, match="expected psis"):
            parse_psis(wrong)
