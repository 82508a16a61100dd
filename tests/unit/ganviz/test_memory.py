from ganviz.memory import give_back, memory_bytes

PIECES, SIZE = 4000, 50_000


def test_what_was_freed_is_given_back_where_the_c_library_can():
    pieces = [bytearray(SIZE) for _ in range(PIECES)]
    last = bytearray(SIZE)  # what lies above free room keeps the library from returning it by itself
    del pieces
    before = memory_bytes()
    if give_back():
        assert memory_bytes() < before - PIECES * SIZE / 2
    assert len(last) == SIZE
