"""A page as a reader without scripts sees it."""

import itertools
from html.parser import HTMLParser

VOID = {"img", "meta", "link", "br"}


class Page(HTMLParser):
    """Elements as (tag, attributes), text by tag, and the texts of rows that are marked.

    Args:
        html: Content of the page.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.marked: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        if not data.strip():
            return
        self.texts.append((self._open[-1][0], " ".join(data.split())))
        if any(attributes.get("class") == "marked" for _, attributes in self._open):
            self.marked.append(self.texts[-1][1])

    def of(self, tag: str) -> list[dict[str, str]]:
        """Attributes of all elements of a tag."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All that is read."""
        return "\n".join(text for tag, text in self.texts if tag != "style")


def check_self_contained(html: str) -> Page:
    """Checks that a page needs no other file and no script, and that its parts can be told apart; returns the page."""
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert page.of("html") == [{"lang": "en"}]
    assert not page.of("script")
    assert "@import" not in html
    assert "url(" not in html
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in {"src", "href", "srcset"} & attributes.keys():
            target = attributes[name]
            assert target.startswith("data:") or (target[1:] in ids and target[0] == "#"), target[:80]
    for image in page.of("img"):
        assert image["alt"].strip()
        assert image["src"].startswith(("data:image/png;base64,", "data:image/svg+xml;base64,"))
    levels = [int(tag[1]) for tag, _ in page.elements if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    return page
