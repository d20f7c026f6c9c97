"""The website's pages that are already written: notebooks, README by sections, other Markdown.

A page lies in the staging folder where it lies in the repository; links that lead to no page lead
to the API, or to the repository if it has an address, or become plain words.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from tools.lib.glossary import read_glossary
from tools.lib.layout import PACKAGE, ROOT, Notebook, read_notebooks, release, repository, tags
from tools.lib.site_api import exported, full_name, module_page, target
from tools.lib.site_boards import with_boards

HOME = {"Ways in", "A short way of three hours", "The stages"}  # README's, on the home page
PRESETS = "site/play/settings.js"
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
BADGE = re.compile(r"\[!\[([^\]]*)\]\([^)]*\)\]")  # an image that is a link: it lies elsewhere


def slug(heading: str) -> str:
    """Anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def sections(root: Path) -> dict[str, str]:
    """Sections of README.md by title, each as a page of its own: headings are a level higher."""
    parts = re.split(r"^## (.+)\n", (root / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {
        title: f"# {title}\n" + re.sub(r"^##(#+ )", r"#\1", body, flags=re.MULTILINE)
        for title, body in found.items()
    }


def guide_page(title: str) -> str:
    """Where a section of README.md is staged."""
    return f"guide/{slug(title)}.md"


def written(root: Path) -> list[Path]:
    """Markdown files that are pages: those of the root but README.md, and of some folders."""
    found = [path for path in sorted(root.glob("*.md")) if path.name != "README.md"]
    return found + [
        path for folder in ("docs", "data", "benchmarks") for path in (root / folder).glob("*.md")
    ]


class Links:
    """Rewrites the links of Markdown, and remembers which images they show."""

    def __init__(self, root: Path):
        self.root, self.address, self.tag = root, repository(root), release(root)
        self.images: set[str] = set()
        self.pages = {str(path.relative_to(root)) for path in written(root)}
        self.pages |= {f"notebooks/{notebook.path.name}" for notebook in read_notebooks(root)}
        self.anchors = {slug(title): guide_page(title) for title in sections(root)}
        self.anchors |= {slug(title): "index.md" for title in HOME}

    def place(self, target: str, source: str) -> str:
        """Where a link of a source file leads to in the staging folder; "" if to no page."""
        path, _, anchor = target.partition("#")
        path = os.path.normpath(PurePosixPath(source).parent / path) if path else source
        if path == "README.md":
            return self.anchors.get(anchor, "index.md")
        if path in self.pages:
            return f"{path}#{anchor}" if anchor else path
        if path == PACKAGE:
            return "api/index.md"
        if re.fullmatch(rf"{PACKAGE}/\w+\.py", path):
            return module_page(Path(path).stem)
        if Path(path).suffix in (".png", ".svg"):
            self.images.add(path)
            return path
        return ""

    def rewrite(self, text: str, source: str, staged: str = "") -> str:
        """Text of a source file with links that are right where it is staged."""

        def relink(match: re.Match) -> str:
            mark, words, target = match.groups()
            if re.match(r"\w+:|#", target) and not (target[0] == "#" and source == "README.md"):
                return match[0]
            if place := self.place(target, source):
                folder = PurePosixPath(staged or source).parent
                return f"{mark}[{words}]({os.path.relpath(place, folder)})"
            path = os.path.normpath(PurePosixPath(source).parent / target)
            if not self.address:
                return words
            kind = "tree" if (self.root / path).is_dir() else "blob"
            return f"{mark}[{words}]({self.address}/{kind}/{self.tag}/{path})"

        return LINK.sub(relink, BADGE.sub(r"[\1]", text))


def exported_note(names: list[str]) -> NotebookNode:
    """Cell that says what the next one adds to the package, and where the API links to."""
    targets = "\n".join(f"({target(name)})=" for name in names)
    links = ", ".join(f"{{py:obj}}`{name.rpartition('.')[2]} <{name}>`" for name in names)
    return new_markdown_cell(
        f"{targets}\n\n{{.exported}}\nThis cell goes into the package: {links}"
    )


def playable(root: Path) -> set[str]:
    """Exhibits of the bug zoo that the playground can show, by number."""
    return set(re.findall(r"\bexhibit: (\d+)", (root / PRESETS).read_text("utf-8")))


def with_play(source: str, exhibit: str, played: set[str]) -> tuple[str, str]:
    """Text of a cell in which each exhibit ends with a link, and the exhibit that it ends in.

    exhibit: the one that it begins in, "" for none; played: those that the playground can show.
    """
    parts = re.split(r"^(?=## )", source, flags=re.MULTILINE)
    for number, part in enumerate(parts[1:]):
        if exhibit in played:
            place = f"../playground.html#exhibit={exhibit}"
            link = f'<a href="{place}">exhibit {exhibit} in the playground</a>'
            parts[number] += f"\n\nSee it happen to a smaller network: {link}.\n\n"
        heading = re.match(r"## Exhibit (\d+)", part)
        exhibit = heading[1] if heading else ""
    return "".join(parts), exhibit


def staged_cells(notebook: Notebook, links: Links) -> Iterator[NotebookNode]:
    """Cells of a notebook as the website shows them."""
    source = f"notebooks/{notebook.path.name}"
    exhibit, played = "", playable(links.root) if notebook.stage == "bug_zoo" else set()
    for cell in notebook.content.cells:
        if cell.cell_type == "markdown":
            text = links.rewrite(cell.source, source)
            cell.source, exhibit = with_play(text, exhibit, played)
        elif names := exported(notebook, cell):
            yield exported_note(names)
        if "gained" in tags(cell):
            name = full_name(notebook, r"\1")
            cell.source = re.sub(r"(?<=[*,] )`(\w+)`", rf"{{py:obj}}`\1 <{name}>`", cell.source)
        if "setup" in tags(cell):
            cell.metadata.tags.append("hide-input")
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                data = output["data"]
                data["text/markdown"] = links.rewrite(data["text/markdown"], source)
        if "alt" in cell.metadata:
            cell.metadata["mystnb"] = {"image": {"alt": cell.metadata["alt"]}}
        yield cell


def glossary(root: Path) -> str:
    """GLOSSARY.md with a place to link to at each entry."""
    text = (root / "GLOSSARY.md").read_text("utf-8")
    for entry in read_glossary(root):
        term = " / ".join(entry.forms)
        text = text.replace(f"- **{term}**:", f"- [**{term}**]{{#{anchor(entry.forms[0])}}}:", 1)
    return text


def anchor(term: str) -> str:
    """Place of a term on the page of the glossary."""
    return "term-" + re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def generate(root: Path = ROOT) -> dict[str, bytes]:
    """Pages by their path in the staging folder."""
    links, files = Links(root), {}
    for notebook in read_notebooks(root):
        notebook.content.cells = list(staged_cells(notebook, links))
        files[f"notebooks/{notebook.path.name}"] = nbformat.writes(notebook.content).encode()
    for path in written(root):
        name = str(path.relative_to(root))
        text = glossary(root) if name == "GLOSSARY.md" else path.read_text("utf-8")
        files[name] = links.rewrite(text, name).encode()
    for title, text in sections(root).items():
        if title not in HOME:
            page = guide_page(title)
            files[page] = with_boards(links.rewrite(text, "README.md", page), root).encode()
    for path in sorted((root / "site/pages").glob("*.md")):
        files[path.name] = path.read_bytes()
    return files | {name: (root / name).read_bytes() for name in links.images}
