"""What a generator is, as plain data: enough for a window, a command line or a sheet to know what to offer.

No torch here: a model's spec is read from its file's header before anything heavy is imported.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ganviz.errors import GanvizError

SIZE_LIMIT = 1 << 20
"""No size or count of a model is larger than this."""
NAME_LIMIT = 100
TEXT_LIMIT = 4000
# Names go into file names and recipes, which never hold a path.
_NO_SEPARATORS = str.maketrans({"/": "-", "\\": "-", ":": "-"})


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
            spec._check()
        except (TypeError, ValueError, AttributeError) as error:
            raise GanvizError(f"the model's description is not one that this version knows ({error})") from error
        return spec

    def _check(self) -> None:
        """Raise GanvizError where an entry has a type or a size that no model has."""
        sizes = [self.z_dim, self.w_dim, self.num_ws, self.resolution, self.channels, self.num_classes + 1]
        sizes += [size for layer in self.layers for size in (layer.resolution, layer.channels)]
        sizes += [code.size for code in self.codes]
        inputs = [index for layer in self.layers for index in layer.ws]
        ranges = [end for code in self.codes for end in (code.low, code.high)]
        names = [self.arch, self.prior, *(code.name for code in self.codes), *(layer.name for layer in self.layers)]
        if not all(type(size) is int and 0 < size <= SIZE_LIMIT for size in sizes):
            raise GanvizError(f"the model's description has impossible sizes: {sizes!r:.200}")
        if not all(type(index) is int and 0 <= index < self.num_ws for index in inputs):
            raise GanvizError("the model's description has layers that read style inputs which are not there")
        if not all(type(end) in (int, float) and abs(end) < 1e6 for end in ranges):
            raise GanvizError("the model's description has codes with an impossible range")
        if not all(isinstance(name, str) and len(name) <= NAME_LIMIT for name in names):
            raise GanvizError("the model's description has names that are no short texts")
        if self.truncation not in ("w", "z", None) or {code.kind for code in self.codes} - {
            "categorical",
            "continuous",
        }:
            raise GanvizError("the model's description has a truncation or a kind of code that is not known")


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
        if not isinstance(data, dict):
            raise GanvizError(f"the model's card: expected an object, got {type(data).__name__}")
        names = data.get("class_names", ())
        if not isinstance(names, list | tuple) or len(names) > SIZE_LIMIT:
            raise GanvizError("the model's card: expected a list of names as class_names")
        psi, seen, facts = data.get("psi", 1.0), data.get("images_seen", 0), data.get("facts", {})
        if isinstance(psi, bool) or not isinstance(psi, int | float) or not abs(psi) <= 1000:
            raise GanvizError(f"the model's card: expected a number as psi, got {psi!r:.40}")
        if type(seen) is not int or seen < 0:
            raise GanvizError(f"the model's card: expected a whole number as images_seen, got {seen!r:.40}")
        if not isinstance(facts, dict) or not all(isinstance(key, str) for key in facts):
            raise GanvizError("the model's card: expected named figures as facts")
        return cls(
            name=_line(data, "name", NAME_LIMIT).translate(_NO_SEPARATORS),
            psi=float(psi),
            class_names=tuple(_line({"class name": name}, "class name", NAME_LIMIT) for name in names),
            images_seen=seen,
            facts=facts,
            **{key: _line(data, key, TEXT_LIMIT) for key in ("title", "licence", "description", "data", "command")},
        )


def _line(data: dict[str, Any], key: str, limit: int) -> str:
    """A text of a card, on one line and not longer than the limit."""
    text = data.get(key, "")
    if not isinstance(text, str):
        raise GanvizError(f"the model's card: expected text as {key}, got {type(text).__name__}")
    return "".join(letter if letter.isprintable() else " " for letter in text[:limit]).strip()
