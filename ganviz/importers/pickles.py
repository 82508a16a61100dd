"""Pickles read as data: an interpreter of the pickle machine that builds inert values and calls nothing from the file.

It knows all instructions of protocols 0 to 5. Where one would import something, a `Name` stands; where one would call
something, `known.py` says what a few dozen known constructors make, and everything else becomes a `Record`. Limits on
instructions and containers bound time and memory whatever the file says; large texts and bytes stay views of the file.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ganviz.errors import GanvizError
from ganviz.importers import known
from ganviz.importers.inert import Array, DType, LongText, Name, Record, Storage

MAX_INSTRUCTIONS = 1_000_000
"""A StyleGAN2 pickle with three networks has about sixty thousand."""
MAX_CONTAINERS = 300_000
MAX_MARKS = 1000
MAX_NAMES = 5000
MAX_NAME = 512
MAX_LINE = 4096
MAX_LINES = 16 << 20
"""Bytes of long lines altogether; binary protocols, those of the last twenty years, have none."""
MAX_INTEGER = 256
LONG_TEXT = 1 << 16
MAX_TEXT = 16 << 20
"""Bytes of texts that are decoded, altogether: a single letter can make a text take four times its length."""
MAX_PICKLES_WITHIN = 2

CUT_SHORT = "the pickle ends in mid-instruction; the file is cut short or damaged"
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)


@dataclass(slots=True)
class Budget:
    """What one file may use, over all the pickles inside one another that it holds.

    `copies`: bytes that may be copied out of it, where numbers are spelt out as text.
    """

    copies: int
    instructions: int = MAX_INSTRUCTIONS
    containers: int = MAX_CONTAINERS
    lines: int = MAX_LINES
    text: int = MAX_TEXT
    within: int = 0

    def copy(self, size: int) -> None:
        """Take so many bytes off; GanvizError when the file copies itself again and again."""
        self.copies -= size
        if self.copies < 0:
            raise GanvizError("the pickle copies its bytes again and again; refused")

    def contain(self, count: int = 1) -> None:
        """Take `count` containers off; GanvizError when none are left."""
        self.containers -= count
        if self.containers < 0:
            raise GanvizError(f"the pickle builds more than {MAX_CONTAINERS:,} containers; refused")


@dataclass(slots=True)
class Context:
    """What the constructors of one file share.

    budget      what is left of its limits
    names       what stands for each name that it would have had Python import
    persistent  what a persistent id stands for; None in plain pickles, which have none
    """

    budget: Budget
    names: dict[str, Name]
    persistent: Callable[[Any], Any] | None = None


def load(data: memoryview, context: Context, start: int = 0) -> tuple[Any, int]:
    """The value of the pickle at `start`, and where it ends.

    Raises GanvizError for what is damaged, too large, or no pickle.
    """
    machine = _Machine(data, context, start)
    try:
        return machine.run(), machine.position
    except (IndexError, struct.error) as error:
        raise GanvizError(CUT_SHORT) from error
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise GanvizError(f"the pickle is damaged ({type(error).__name__} near byte {machine.position:,})") from error


class _Machine:
    """One run: a stack, a memo, and a position in the bytes."""

    def __init__(self, data: memoryview, context: Context, position: int) -> None:
        self.data = data
        self.context = context
        self.position = position
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.result: Any = None
        self.done = False

    def run(self) -> Any:
        data, budget, instructions = self.data, self.context.budget, _INSTRUCTIONS
        while not self.done:
            budget.instructions -= 1
            if budget.instructions < 0:
                raise GanvizError(f"the pickle has more than {MAX_INSTRUCTIONS:,} instructions; refused")
            code = data[self.position]
            self.position += 1
            instruction = instructions.get(code)
            if instruction is None:
                raise GanvizError(
                    f"no pickle, or a damaged one: unknown instruction {code:#04x} at {self.position - 1}"
                )
            instruction(self)
        return self.result

    # Bytes

    def take(self, count: int) -> memoryview:
        piece = self.data[self.position : self.position + count]
        if len(piece) < count:
            raise GanvizError(CUT_SHORT)
        self.position += count
        return piece

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little", signed=True)

    def line(self) -> bytes:
        """What is left of a line of protocol 0."""
        end, window = -1, 256
        while end < 0:
            piece = bytes(self.data[self.position : self.position + window])
            end = piece.find(b"\n")
            if end < 0 and (len(piece) < window or window > self.context.budget.lines):
                raise GanvizError(CUT_SHORT)
            window *= 4
        if end > MAX_LINE:  # an array's bytes, spelt out
            self.context.budget.lines -= end
        self.position += end + 1
        return piece[:end]

    def text(self, size: int) -> str | LongText:
        raw = self.take(self.unsigned(size))
        budget = self.context.budget
        if len(raw) > LONG_TEXT or budget.text < len(raw):
            return LongText(raw)
        budget.text -= len(raw)
        return str(raw, "utf-8", "surrogatepass")

    def binary(self, size: int) -> bytes | memoryview:
        raw = self.take(self.unsigned(size))
        return raw if len(raw) > 64 else bytes(raw)

    def latin(self, size: int) -> str | memoryview:
        """A string of Python 2, which may be text or bytes."""
        raw = self.take(self.unsigned(size))
        return raw if len(raw) > LONG_TEXT else str(raw, "latin-1")

    # Stack

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def mark(self) -> None:
        if len(self.marks) >= MAX_MARKS:
            raise GanvizError(f"the pickle nests more than {MAX_MARKS} deep; refused")
        self.marks.append(len(self.stack))

    def store(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def drop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    # Names and calls

    def name(self, module: Any, qualified: Any) -> Name:
        if not (isinstance(module, str) and isinstance(qualified, str)):
            raise GanvizError("the pickle names something by what is no text; the file is damaged")
        if len(module) + len(qualified) > MAX_NAME:
            raise GanvizError(f"the pickle names something by more than {MAX_NAME} letters; refused")
        names, full = self.context.names, f"{module}.{qualified}"
        if full not in names:
            if len(names) >= MAX_NAMES:
                raise GanvizError(f"the pickle names more than {MAX_NAMES:,} things; refused")
            names[full] = Name(full)
        return names[full]

    def extension(self, size: int) -> None:
        self.unsigned(size)
        raise GanvizError("the pickle uses registered extension codes, which are not known here")

    def call(self, target: Any, args: Any) -> Any:
        if not isinstance(args, tuple):
            raise GanvizError("the pickle calls something without a tuple of arguments; the file is damaged")
        self.context.budget.contain()
        if not isinstance(target, Name):
            return Record("a value of the file itself", args)
        return known.call(target.name, args, self.context)

    def reduce(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self.call(self.stack[-1], args)

    def new(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self.new_of(self.stack[-1], args)

    def new_with_names(self) -> None:
        named, args = self.stack.pop(), self.stack.pop()
        made = self.new_of(self.stack[-1], args)
        if isinstance(made, Record) and named:
            self.context.budget.contain(len(args))
            made.args = (*made.args, named)
        self.stack[-1] = made

    def new_of(self, target: Any, args: Any) -> Any:
        if not isinstance(args, tuple) or not isinstance(target, Name):
            raise GanvizError("the pickle makes an object of what is no class; the file is damaged")
        self.context.budget.contain()
        return known.new(target.name, args, self.context)

    def instance(self) -> None:
        module, qualified = (str(self.line(), "utf-8") for _ in range(2))
        self.push(self.call(self.name(module, qualified), tuple(self.since_mark())))

    def object_of_class(self) -> None:
        target, *args = self.since_mark()
        self.push(self.call(target, tuple(args)))

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Record):
            if target.name == known.PERSISTENT:
                return  # what StyleGAN's own tools store beside the state that was given already
            if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
                both = (state[0] or {}, state[1])  # __dict__ and __slots__
                self.context.budget.contain(sum(map(len, both)))
                state = {**both[0], **both[1]}
            target.state = state
        elif isinstance(target, Array):
            known.fill_array(target, state, self.context)
        elif isinstance(target, DType):
            known.fill_dtype(target, state)
        elif not isinstance(target, dict | list | tuple | str | int | float | Name | Storage | bytes | type(None)):
            raise GanvizError("the pickle gives a state to what takes none; the file is damaged")

    def persistent_id(self, value: Any) -> None:
        if self.context.persistent is None:
            raise GanvizError("the pickle refers to data outside of itself, which only torch's own files have")
        self.push(self.context.persistent(value))

    # Containers

    def new_list(self, values: list[Any]) -> None:
        self.context.budget.contain()
        self.stack.append(values)

    def new_tuple(self, count: int) -> None:
        self.context.budget.contain()
        start = len(self.stack) - count
        if start < 0:
            raise IndexError
        self.stack[start:] = [tuple(self.stack[start:])]

    def new_tuple_since_mark(self) -> None:
        self.context.budget.contain()
        self.stack.append(tuple(self.since_mark()))

    def new_dict(self, values: list[Any]) -> None:
        self.context.budget.contain()
        made: dict[Any, Any] = {}
        _fill(made, values)
        self.stack.append(made)

    def append(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, Record):
            target.items = target.items if target.items is not None else []
            target = target.items
        if not isinstance(target, list):
            raise GanvizError("the pickle appends to what is no list; the file is damaged")
        target.extend(values)

    def set_items(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, Record):
            target.entries = target.entries if target.entries is not None else {}
            target = target.entries
        if not isinstance(target, dict):
            raise GanvizError("the pickle sets items of what is no dictionary; the file is damaged")
        _fill(target, values)

    # Numbers and texts of protocol 0

    def integer_line(self) -> None:
        line = self.line()
        if line in (b"00", b"01"):
            self.push(line == b"01")
        elif len(line) > MAX_INTEGER:
            raise GanvizError("the pickle holds a number of more than 256 digits; refused")
        else:
            self.push(int(line.rstrip(b"L")))

    def integer(self, size: int) -> None:
        if not 0 <= size <= MAX_INTEGER:
            raise GanvizError(f"the pickle holds a number of {size} bytes; refused")
        self.push(int.from_bytes(self.take(size), "little", signed=True))

    def unicode_line(self) -> None:
        line = self.line()
        self.context.budget.text -= len(line) if len(line) <= MAX_LINE else 0
        if self.context.budget.text < 0:
            raise GanvizError(f"the pickle has more than {MAX_TEXT:,} bytes of texts in lines; refused")
        self.push(str(line, "raw-unicode-escape"))

    def quoted(self) -> None:
        line = self.line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
            raise GanvizError("the pickle has a text without quotes; the file is damaged")
        self.push(str(_ESCAPE.sub(_unescaped, line[1:-1]), "latin-1"))

    def stop(self) -> None:
        self.result = self.stack.pop()
        self.done = True


def _fill(target: dict[Any, Any], values: list[Any]) -> None:
    """Set keys and values that alternate; only keys whose hash costs nothing and means something."""
    if len(values) % 2:
        raise GanvizError("the pickle has a key without a value; the file is damaged")
    for key, value in zip(values[::2], values[1::2], strict=True):
        if isinstance(key, tuple) and len(key) <= 16:
            plain = all(isinstance(part, str | int | float | bool | bytes | type(None)) for part in key)
        else:
            plain = isinstance(key, str | int | float | bool | bytes | type(None) | Name | Record)
        if not plain:
            raise GanvizError(f"the pickle has a key of type {type(key).__name__}, which nothing here needs; refused")
        target[key] = value


def _unescaped(found: re.Match[bytes]) -> bytes:
    letter = found[1]
    if letter[:1] == b"x":
        return bytes([int(letter[1:], 16)])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(letter, letter)


def _constant(value: Any) -> Callable[[_Machine], None]:
    return lambda m: m.stack.append(value)


_INSTRUCTIONS: dict[int, Callable[[_Machine], Any]] = {
    ord("("): _Machine.mark,
    ord("."): _Machine.stop,
    ord("0"): _Machine.drop,
    ord("1"): _Machine.since_mark,
    ord("2"): lambda m: m.push(m.stack[-1]),
    ord("F"): lambda m: m.push(float(m.line())),
    ord("I"): _Machine.integer_line,
    ord("J"): lambda m: m.push(m.signed(4)),
    ord("K"): lambda m: m.push(m.unsigned(1)),
    ord("L"): _Machine.integer_line,
    ord("M"): lambda m: m.push(m.unsigned(2)),
    ord("N"): _constant(None),
    ord("P"): lambda m: m.persistent_id(str(m.line(), "utf-8")),
    ord("Q"): lambda m: m.persistent_id(m.stack.pop()),
    ord("R"): _Machine.reduce,
    ord("S"): _Machine.quoted,
    ord("T"): lambda m: m.push(m.latin(4)),
    ord("U"): lambda m: m.push(m.latin(1)),
    ord("V"): _Machine.unicode_line,
    ord("X"): lambda m: m.push(m.text(4)),
    ord("a"): lambda m: m.append([m.stack.pop()]),
    ord("b"): _Machine.build,
    ord("c"): lambda m: m.push(m.name(str(m.line(), "utf-8"), str(m.line(), "utf-8"))),
    ord("d"): lambda m: m.new_dict(m.since_mark()),
    ord("}"): lambda m: m.new_dict([]),
    ord("e"): lambda m: m.append(m.since_mark()),
    ord("g"): lambda m: m.push(m.memo[int(m.line())]),
    ord("h"): lambda m: m.push(m.memo[m.unsigned(1)]),
    ord("i"): _Machine.instance,
    ord("j"): lambda m: m.push(m.memo[m.unsigned(4)]),
    ord("l"): lambda m: m.new_list(m.since_mark()),
    ord("]"): lambda m: m.new_list([]),
    ord("o"): _Machine.object_of_class,
    ord("p"): lambda m: m.store(int(m.line())),
    ord("q"): lambda m: m.store(m.unsigned(1)),
    ord("r"): lambda m: m.store(m.unsigned(4)),
    ord("s"): lambda m: m.set_items([m.stack.pop(-2), m.stack.pop()]),
    ord("t"): _Machine.new_tuple_since_mark,
    ord(")"): _constant(()),
    ord("u"): lambda m: m.set_items(m.since_mark()),
    ord("G"): lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
    0x80: lambda m: m.unsigned(1),
    0x81: _Machine.new,
    0x82: lambda m: m.extension(1),
    0x83: lambda m: m.extension(2),
    0x84: lambda m: m.extension(4),
    0x85: lambda m: m.new_tuple(1),
    0x86: lambda m: m.new_tuple(2),
    0x87: lambda m: m.new_tuple(3),
    0x88: _constant(True),
    0x89: _constant(False),
    0x8A: lambda m: m.integer(m.unsigned(1)),
    0x8B: lambda m: m.integer(m.signed(4)),
    ord("B"): lambda m: m.push(m.binary(4)),
    ord("C"): lambda m: m.push(m.binary(1)),
    0x8C: lambda m: m.push(m.text(1)),
    0x8D: lambda m: m.push(m.text(8)),
    0x8E: lambda m: m.push(m.binary(8)),
    0x8F: lambda m: m.new_list([]),  # sets stand as lists: their members need no hash
    0x90: lambda m: m.append(m.since_mark()),
    0x91: lambda m: m.new_list(m.since_mark()),
    0x92: _Machine.new_with_names,
    0x93: lambda m: m.push(m.name(m.stack.pop(-2), m.stack.pop())),
    0x94: lambda m: m.store(len(m.memo)),
    0x95: lambda m: m.unsigned(8),
    0x96: lambda m: m.push(m.binary(8)),
}
