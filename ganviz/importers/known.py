"""The constructors that checkpoints are made of, and what stands for each here. Everything else is a Record.

Nothing is imported, and nothing that the file brings is called. Two traps that restricted unpicklers fall into:
`torch.storage._load_from_bytes` would load its argument with no restriction at all, so that argument goes through this
same reader; and `torch_utils.persistence` would run the source text that StyleGAN pickles carry, so that is dropped.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ganviz.errors import GanvizError
from ganviz.importers.inert import BFLOAT16, Array, DType, LongText, Name, Record, Storage, itemsize, row_major

if TYPE_CHECKING:
    from ganviz.importers.pickles import Context

MAX_DIMENSIONS = 8
PERSISTENT = "torch_utils.persistence"
"""Name of the records that stand for StyleGAN's self-describing modules; their class is in `args`."""

STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
    "UntypedStorage": "|u1",
}
TORCH_TYPES = {
    "float32": "<f4",
    "float": "<f4",
    "float64": "<f8",
    "double": "<f8",
    "float16": "<f2",
    "half": "<f2",
    "bfloat16": BFLOAT16,
    "int64": "<i8",
    "long": "<i8",
    "int32": "<i4",
    "int": "<i4",
    "int16": "<i2",
    "int8": "|i1",
    "uint8": "|u1",
    "bool": "|b1",
}
NUMBERS = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}
NO_NUMBERS = "a numpy array of kind {kind!r} is there, which can hold anything; only plain numbers are read"

DICTIONARIES = {
    "collections.OrderedDict",
    "collections.defaultdict",
    "dnnlib.util.EasyDict",
    "dnnlib.EasyDict",
    "easydict.EasyDict",
}
HARMLESS = {
    "argparse.Namespace",
    "models.utils.config.BaseConfig",
    "numpy.ndarray",
    "copy_reg._reconstructor",
    "copyreg._reconstructor",
    "__builtin__.object",
    "builtins.object",
    "torch.nn.parameter.Parameter",
    "torch.autograd.variable.Variable",
    "torch.Size",
    "torch.device",
    "torch.Tensor",
    "torch.FloatTensor",
}


def is_known(name: str) -> bool:
    """Whether a name is one that checkpoints are made of, so that there is nothing to tell the user."""
    return (
        name in _CALLS
        or name in DICTIONARIES
        or name in HARMLESS
        or storage_type(name) is not None
        or torch_type(name) is not None
        or name.startswith("torch.nn.modules.")
    )


def storage_type(name: str) -> str | None:
    """The type of the numbers in a torch storage class; None where the name is no such class."""
    module, _, last = name.rpartition(".")
    return STORAGES.get(last) if module in ("torch", "torch.cuda", "torch.storage") else None


def torch_type(name: str) -> str | None:
    """The same for names like "torch.float32"."""
    module, _, last = name.rpartition(".")
    return TORCH_TYPES.get(last) if module == "torch" else None


def call(name: str, args: tuple[Any, ...], context: "Context") -> Any:
    """What stands for `name(*args)`."""
    if name in _CALLS:
        return _CALLS[name](args, context)
    return new(name, args, context)


def new(name: str, args: tuple[Any, ...], context: "Context") -> Any:
    """What stands for a new object of the class `name`."""
    if name in DICTIONARIES:
        return _dictionary(args, context)
    if name in ("torch.nn.parameter.Parameter", "torch.autograd.variable.Variable") and args:
        if isinstance(args[0], Array):
            return args[0]
    if name in _CALLS and name not in ("copyreg.__newobj__",):
        return _CALLS[name](args, context)
    if name.startswith("torch.") and name.endswith("Tensor") and not args:
        return Array(why_not="a tensor was announced, but its numbers never came")  # its state brings them
    return Record(name, args)


def fill_array(array: Array, state: Any, context: "Context") -> None:
    """numpy's own state of an array, (version, shape, type, column-major, bytes), or that of torch's first tensors."""
    if array.storage is not None or not (isinstance(state, tuple) and len(state) in (4, 5)):
        return
    if isinstance(state[0], Storage):
        made = tensor(*state[:4])
        array.storage, array.shape, array.offset, array.stride = made.storage, made.shape, made.offset, made.stride
        return
    shape, dtype, columns, raw = state[-4:]
    _fill(array, _shape(shape), dtype, bool(columns), raw, context)


def fill_dtype(dtype: DType, state: Any) -> None:
    """numpy's own state of a type: byte order is its second entry."""
    if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
        dtype.order = "<" if state[1] == "=" else state[1]


def tensor(storage: Any, offset: Any, shape: Any, stride: Any, dtype: str | None = None) -> Array:
    """A torch tensor over a storage, `dtype` where the storage itself has no type."""
    if not isinstance(storage, Storage):
        return Array(why_not="a tensor lies in a storage of a kind that is not read")
    sizes, steps = _shape(shape), _shape(stride)
    if len(sizes) != len(steps) or type(offset) is not int or offset < 0:
        raise GanvizError("a tensor's shape and stride do not fit each other; the file is damaged")
    if dtype is not None and storage.dtype != dtype:
        count = storage.numel * itemsize(storage.dtype) // itemsize(dtype)
        storage = Storage(dtype, count, storage.read)
    return Array(storage, sizes, offset, steps)


def _fill(array: Array, shape: tuple[int, ...], dtype: Any, columns: bool, raw: Any, context: "Context") -> None:
    """Make `array` one over raw bytes of a numpy type."""
    array.shape = shape
    if not isinstance(dtype, DType) or dtype.code not in NUMBERS:
        array.why_not = NO_NUMBERS.format(kind=dtype.code if isinstance(dtype, DType) else "unknown")
        return
    order = "|" if dtype.code[1] == "1" else dtype.order if dtype.order in "<>" else "<"
    data = _raw(raw, context)
    array.storage = Storage(f"{order}{dtype.code}", math.prod(shape), lambda: data)
    array.stride = tuple(reversed(row_major(tuple(reversed(shape))))) if columns else row_major(shape)


def _raw(value: Any, context: "Context") -> memoryview:
    """The bytes of an array or a storage, in any of the forms that pickles of Python 2 and 3 have them."""
    if isinstance(value, str):
        context.budget.copy(len(value))
        value = value.encode("latin-1")
    if not isinstance(value, bytes | bytearray | memoryview):
        raise GanvizError("an array or a storage has no bytes; the file is damaged")
    return memoryview(value)


def _shape(value: Any) -> tuple[int, ...]:
    if isinstance(value, Record) and value.name == "torch.Size":
        value = value.args[0] if value.args else ()
    if not isinstance(value, tuple | list) or len(value) > MAX_DIMENSIONS:
        raise GanvizError("a tensor's shape is no short tuple of numbers; the file is damaged")
    if not all(type(size) is int and 0 <= size < 1 << 48 for size in value):
        raise GanvizError("a tensor's shape is no short tuple of numbers; the file is damaged")
    return tuple(value)


def _dictionary(args: tuple[Any, ...], context: "Context") -> dict[Any, Any]:
    """An OrderedDict or its like, from nothing or from pairs."""
    pairs = next((arg for arg in args if isinstance(arg, list)), [])
    context.budget.contain(len(pairs))
    made = {}
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str | int)):
            raise GanvizError("a dictionary is made of what are no pairs of key and value; the file is damaged")
        made[pair[0]] = pair[1]
    return made


def _reconstructor(args: tuple[Any, ...], context: "Context") -> Any:
    if not args or not isinstance(args[0], Name):
        raise GanvizError("the pickle makes an object of what is no class; the file is damaged")
    return new(args[0].name, (), context)


def _new_object(args: tuple[Any, ...], context: "Context") -> Any:
    if not args or not isinstance(args[0], Name):
        raise GanvizError("the pickle makes an object of what is no class; the file is damaged")
    context.budget.contain(len(args))
    return new(args[0].name, args[1:], context)


def _collection(args: tuple[Any, ...], context: "Context") -> Any:
    return args[0] if args and isinstance(args[0], list | tuple) else []


def _size(args: tuple[Any, ...], context: "Context") -> Any:
    return _shape(args[0]) if args else ()


def _encode(args: tuple[Any, ...], context: "Context") -> Any:
    """Bytes, as protocol 2 writes them: a text to be encoded as Latin-1. In pieces, for a text may be very long."""
    text = args[0] if args else ""
    if isinstance(text, str):
        context.budget.copy(len(text))
        return text.encode("latin-1")
    if not isinstance(text, LongText):
        raise GanvizError("the pickle encodes what is no text; the file is damaged")
    size = len(text.data)
    context.budget.copy(size)
    out = bytearray()
    position, piece = 0, 1 << 20
    while position < size:
        end = min(position + piece, size)
        while end < size and text.data[end] & 0xC0 == 0x80:  # not within a letter
            end += 1
        out += str(text.data[position:end], "utf-8").encode("latin-1")
        position = end
    return memoryview(out)


def _tensor(args: tuple[Any, ...], context: "Context") -> Any:
    storage, offset, shape, stride = args[:4]
    return tensor(storage, offset, shape, stride)


def _tensor_v3(args: tuple[Any, ...], context: "Context") -> Any:
    dtype = torch_type(args[6].name) if isinstance(args[6], Name) else None
    if dtype is None:
        return Array(why_not="a tensor has a type of numbers that is not read")
    storage, offset, shape, stride = args[:4]
    return tensor(storage, offset, shape, stride, dtype)


def _first(args: tuple[Any, ...], context: "Context") -> Any:
    """A wrapper around a tensor: the tensor."""
    return args[0]


def _typed_storage(args: tuple[Any, ...], context: "Context") -> Any:
    return next((arg for arg in args if isinstance(arg, Storage)), Record("torch.storage.TypedStorage", args))


def _rebuilt_from_type(args: tuple[Any, ...], context: "Context") -> Any:
    """A tensor of a subclass: (function, class, arguments, state)."""
    if not isinstance(args[0], Name) or not isinstance(args[2], tuple):
        raise GanvizError("a tensor of a special class is not put together as torch does it; the file is damaged")
    return call(args[0].name, args[2], context)


def _load_from_bytes(args: tuple[Any, ...], context: "Context") -> Any:
    """A file of torch.save within a pickle: through this reader again, never torch's."""
    from ganviz.importers import torchfiles

    return torchfiles.within(_raw(args[0], context), context)


def _persistent(args: tuple[Any, ...], context: "Context") -> Any:
    """StyleGAN's self-describing modules: class and state are kept, the source text is not."""
    meta = args[0] if args else None
    if not isinstance(meta, dict) or not isinstance(meta.get("class_name"), str):
        raise GanvizError("a module of torch_utils.persistence has no class name; the file is damaged")
    return Record(PERSISTENT, (meta["class_name"],), meta.get("state"))


def _announced(args: tuple[Any, ...], context: "Context") -> Any:
    return Array(why_not="a numpy array was announced, but its numbers never came")


def _from_buffer(args: tuple[Any, ...], context: "Context") -> Any:
    raw, dtype, shape, order = args[:4]
    array = Array()
    _fill(array, _shape(shape), dtype, order == "F", raw, context)
    return array


def _dtype(args: tuple[Any, ...], context: "Context") -> Any:
    code = args[0] if args else ""
    if not isinstance(code, str):
        return DType("")
    order = code[0] if code[:1] in ("<", ">", "|") else "<"
    return DType(code.lstrip("<>|="), order)


def _scalar(args: tuple[Any, ...], context: "Context") -> Any:
    """A number that numpy held, as a plain one."""
    array = Array()
    if len(args) < 2:
        return array
    _fill(array, (), args[0], False, args[1], context)
    return array.numpy().item() if array.storage is not None else array


_Call = Callable[[tuple[Any, ...], "Context"], Any]
_CALLS: dict[str, _Call] = {
    "copyreg.__newobj__": _new_object,
    "copyreg._reconstructor": _reconstructor,
    "copy_reg._reconstructor": _reconstructor,
    "builtins.set": _collection,
    "builtins.frozenset": _collection,
    "__builtin__.set": _collection,
    "__builtin__.frozenset": _collection,
    "_codecs.encode": _encode,
    "torch.Size": _size,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._tensor._rebuild_from_type_v2": _rebuilt_from_type,
    "torch.storage._load_from_bytes": _load_from_bytes,
    "torch.storage.TypedStorage": _typed_storage,
    "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
    "numpy.dtype": _dtype,
}
for _home in ("numpy.core", "numpy._core"):
    _CALLS[f"{_home}.multiarray._reconstruct"] = _announced
    _CALLS[f"{_home}.multiarray.scalar"] = _scalar
    _CALLS[f"{_home}.numeric._frombuffer"] = _from_buffer
