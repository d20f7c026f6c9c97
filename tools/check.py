"""Say what is wrong in the repository, running no notebook."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from tools.lib import (
    citation,
    exercises,
    glossary,
    numbers,
    package,
    pages,
    readme,
    reference,
    repository,
    schema,
    stored,
    teaching,
)
from tools.lib.layout import ROOT, Refused, read_notebooks

GENERATED = (package, reference, repository, readme, schema, citation, teaching)


def generated(root: Path = ROOT, parts: Sequence[ModuleType] = GENERATED) -> Iterator[str]:
    """Generated files that differ from what the notebooks make."""
    for part in parts:
        for path, content in part.generate(root).items():
            before = path.read_bytes() if path.exists() else b""
            if before == content:
                continue
            name = str(path.relative_to(root))
            yield f"{name} differs from what the notebooks make: run `make export`"
            if path.suffix != ".png":
                sides = (side.decode(errors="replace").splitlines() for side in (before, content))
                yield from difflib.unified_diff(*sides, name, "from the notebooks", lineterm="")


def faults(root: Path = ROOT) -> Iterator[str]:
    """All faults, in words that say what to do."""
    notebooks = read_notebooks(root)
    for notebook in notebooks:  # what is to be written comes before what is to be run
        yield from exercises.problems(root, notebook)
    yield from generated(root)
    yield from stored.faults(root)
    for notebook in notebooks:
        yield from exercises.verdicts(notebook)
    yield from glossary.faults(root)
    yield from repository.faults(root)
    yield from pages.faults(root)
    yield from numbers.faults(root)


def main(root: Path = ROOT) -> None:
    """Run the command."""
    if found := list(faults(root)):
        raise Refused("\n".join(found))


if __name__ == "__main__":
    main()
