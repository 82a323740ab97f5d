"""Pages with sections that commands write: each between two comments, so that one command leaves the others' alone."""

from pathlib import Path


def put(path: Path, section: str, text: str) -> None:
    """Write a section of a page, in its place or at the end.

    Raises:
        ValueError: the page has the beginning of the section and not its end.
    """
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    page = path.read_text(encoding="utf-8")
    if begin not in page:
        page = f"{page.rstrip()}\n\n{begin}\n{end}\n"
    head, _, rest = page.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"{path} has {begin} without {end}.")
    path.write_text(f"{head}{begin}\n{text.strip()}\n{end}{tail}", encoding="utf-8")
