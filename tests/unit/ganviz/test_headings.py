"""What is written on sheets fits into their cells."""

from ganviz import sheets


def test_a_heading_is_made_smaller_then_loses_its_first_words_and_ends_in_dots_before_it_is_cut() -> None:
    def length(text: str, size: int) -> float:
        return len(text) * size

    assert sheets.fitted("faces", 55, length) == ("faces", 11)
    assert sheets.fitted("faces", 50, length) == ("faces", 10)
    assert sheets.fitted("40% of faces", 50, length) == ("faces", 10)
    assert sheets.fitted("faces-stylegan", 90, length) == ("faces-s...", 9)
    assert sheets.fitted("faces", 8, length) == ("", 9)
