"""What a generator is, as plain data: enough for a window, a command line or a sheet to know what to offer.

No torch here: a model's spec is read from its file's header before anything heavy is imported.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from ganviz.errors import GanvizError


@dataclass(frozen=True, slots=True)
class Code:
    """One structured latent code, as InfoGAN (Chen et al. 2016) has them.

    `size` is the number of categories of a categorical code and 1 for a continuous one; `low` and `high` are the
    range that a continuous code was trained on.
    """

    name: str
    kind: Literal["categorical", "continuous"]
    size: int = 1
    low: float = -1.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Layer:
    """One stage of synthesis.

    `resolution` and `channels` describe what comes out of it, `ws` the style inputs that it reads, `noise` whether
    it adds noise, `rgb` whether an image can be taken after it.
    """

    name: str
    resolution: int
    channels: int
    ws: tuple[int, ...] = ()
    noise: bool = False
    rgb: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """The contract that a generator offers.

    z_dim           length of the noise vector alone
    w_dim, num_ws   synthesis reads w of shape (N, num_ws, w_dim); without a mapping network num_ws is 1 and
                    w = concat(noise, label, codes in this order)
    resolution      pixels a side of the square image; channels is 1 or 3
    num_classes     0 when unconditional
    prior           distribution of z; "normal" is N(0, 1) for each entry
    truncation      "w": psi pulls w towards the mean w; "z": psi scales the noise part; None: psi does nothing
    """

    arch: str
    z_dim: int
    w_dim: int
    num_ws: int
    resolution: int
    channels: int
    num_classes: int = 0
    codes: tuple[Code, ...] = ()
    prior: str = "normal"
    truncation: Literal["w", "z"] | None = "z"
    layers: tuple[Layer, ...] = ()

    @property
    def has_mapping(self) -> bool:
        """Whether w comes from a mapping network rather than being the noise with its conditions behind it."""
        return self.num_ws > 1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Spec":
        """Rebuild a spec; raises GanvizError on unknown, missing or ill-typed entries."""
        try:
            given = dict(data)
            given["codes"] = tuple(Code(**code) for code in given.get("codes", ()))
            given["layers"] = tuple(
                Layer(**{**layer, "ws": tuple(layer.get("ws", ()))}) for layer in given.get("layers", ())
            )
            spec = cls(**given)
        except (TypeError, ValueError, AttributeError) as error:
            raise GanvizError(f"the model's description is not one that this version knows ({error})") from error
        sizes = (spec.z_dim, spec.w_dim, spec.num_ws, spec.resolution, spec.channels)
        if not all(type(size) is int and 0 < size <= 1 << 20 for size in sizes):
            raise GanvizError(f"the model's description has impossible sizes: {sizes}")
        if type(spec.num_classes) is not int or not 0 <= spec.num_classes <= 1 << 20:
            raise GanvizError(f"the model's description has an impossible number of classes: {spec.num_classes!r}")
        return spec


@dataclass(frozen=True, slots=True)
class Card:
    """What people should know about a checkpoint: where it is from, what it may be used for, how it was made.

    `psi` is the truncation that window and command line start from. `class_names` has one name per class or is
    empty. `facts` holds measured figures, ready to print.
    """

    name: str = ""
    title: str = ""
    licence: str = ""
    description: str = ""
    psi: float = 1.0
    class_names: tuple[str, ...] = ()
    data: str = ""
    command: str = ""
    images_seen: int = 0
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Card":
        """Rebuild a card; entries that a newer version added are passed over, since nothing depends on them."""
        known = {item.name for item in fields(cls)}
        given = {key: value for key, value in data.items() if key in known}
        given["class_names"] = tuple(str(name) for name in given.get("class_names", ()))
        try:
            given["psi"] = float(given.get("psi", 1.0))
        except (TypeError, ValueError) as error:
            raise GanvizError(f"the model's card has a psi that is not a number: {given['psi']!r}") from error
        return cls(**given)
