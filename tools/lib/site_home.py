"""The website's home page: site/index.md with what the notebooks tell between its marks."""

from pathlib import Path

from tools.lib import readme
from tools.lib.layout import ROOT, Notebook, read_notebooks, reading_minutes
from tools.lib.site_boards import with_boards
from tools.lib.site_map import PARTS, draw, part, place
from tools.lib.site_pages import HOME, Links, guide_page, sections, written

TEMPLATE = "site/index.md"
# Pages of site/pages in their order, and what one does there.
PLAY = {
    "playground": "[watch a network learn](playground.md), and change what it is made of",
    "draw_a_digit": "[draw a digit](draw_a_digit.md) and see a network decide",
    "compose_a_track": "[compose a track](compose_a_track.md) and see its popularity",
}


def stage_cards(notebooks: list[Notebook]) -> str:
    """The notebooks in order, each with what one builds, under the titles of their parts."""
    lines = []
    for number, title in enumerate(PARTS.values()):
        lines += [f"### {title}", "", "::::{container} stages"]
        for notebook in notebooks:
            if part(notebook) == number:
                link = f"[{notebook.title}](notebooks/{notebook.path.name})"
                built = notebook.line("**You will build:**")
                minutes = f"[{reading_minutes(notebook.content)} minutes]{{.minutes}}"
                lines += [":::{container} stage", f"**{link}** {minutes}", "", built, ":::"]
        lines += ["::::", ""]
    return "\n".join(lines)


def toctree(caption: str, names: list[str]) -> str:
    """Part of the table of contents at the side, not shown on the page."""
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```", ""])


def playable(root: Path) -> list[str]:
    """Names of the pages that are there to play with, in order."""
    names = [path.stem for path in sorted((root / "site/pages").glob("*.md"))]
    return sorted(names, key=[*PLAY, *names].index)


def play_line(root: Path) -> str:
    """Item of the list of ways in: what there is to play with; "" if nothing."""
    ways = [PLAY[name] for name in playable(root) if name in PLAY]
    return f"- **Play**, with nothing to install: {', '.join(ways)}.\n" if ways else ""


def contents(root: Path, notebooks: list[Notebook]) -> str:
    """The table of contents: the course by its parts, what one may play with, and the rest."""
    parts = []
    for number, title in enumerate(PARTS.values()):
        names = [f"notebooks/{nb.path.stem}" for nb in notebooks if part(nb) == number]
        parts.append(toctree(title, names))
    if play := playable(root):
        parts.append(toctree("Play", play))
    guides = [
        guide_page(title).removesuffix(".md") for title in sections(root) if title not in HOME
    ]
    rest = [str(path.relative_to(root).with_suffix("")) for path in written(root)]
    first = ["GLOSSARY", "REFERENCE", "api/index"]
    parts.append(toctree("Look up", first))
    parts.append(
        toctree("Use it, teach with it", [*guides, *(name for name in rest if name not in first)])
    )
    return "\n".join(parts)


def generate(root: Path = ROOT) -> dict[str, bytes]:
    """The page by its path in the staging folder, and the picture that it shows."""
    notebooks = sorted(read_notebooks(root), key=place)
    links = Links(root)
    shown = readme.picture(root)
    told = {  # as README.md tells it
        "picture": f"![{shown[0]}]({readme.PICTURE})" if shown else "",
        "short way": readme.short_way(root),
        "stages": stage_cards(notebooks),
    }
    marks = {name: links.rewrite(text, "README.md", "index.md") for name, text in told.items()}
    marks |= {
        "hours": readme.hours(root),
        "play": play_line(root),
        "map": draw(notebooks),
        "contents": contents(root, notebooks),
    }
    text = links.rewrite((root / TEMPLATE).read_text("utf-8"), TEMPLATE, "index.md")
    for name, content in marks.items():
        text = text.replace(f"<!-- {name} -->", content)
    text = with_boards(text, root)
    files = {"index.md": text.encode()}
    return files | {name: (root / name).read_bytes() for name in links.images}
