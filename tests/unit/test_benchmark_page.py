"""A command that writes its section of a page leaves the rest as it is."""

from pathlib import Path

import pytest

from benchmarks.page import put


def written(tmp_path: Path, before: str, *sections: tuple[str, str]) -> str:
    page = tmp_path / "page.md"
    page.write_text(before)
    for name, text in sections:
        put(page, name, text)
    return page.read_text()


def test_a_new_section_goes_to_the_end(tmp_path: Path) -> None:
    text = written(tmp_path, "# Page\n", ("a", "one\n"), ("b", "two"))
    assert text == "# Page\n\n<!-- a: begin -->\none\n<!-- a: end -->\n\n<!-- b: begin -->\ntwo\n<!-- b: end -->\n"


def test_a_section_is_replaced_in_its_place(tmp_path: Path) -> None:
    before = "head\n<!-- a: begin -->\nold\n<!-- a: end -->\ntail\n"
    assert written(tmp_path, before, ("a", "new")) == before.replace("old", "new")


def test_a_section_without_an_end_is_refused_and_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- a: begin -->\nold\n")
    with pytest.raises(ValueError, match="without"):
        put(page, "a", "new")
    assert page.read_text() == "<!-- a: begin -->\nold\n"
