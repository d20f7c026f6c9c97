"""Write generated files, or check them."""

import argparse
import difflib
from collections.abc import Callable
from pathlib import Path

from tools.layout import Refused


def write_or_check(
    generate: Callable[[Path], dict[Path, bytes]], root: Path, arguments: list[str] | None
) -> None:
    """Write the generated files; with --check write nothing, show a diff and exit with 1."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="write nothing, show the difference")
    check = parser.parse_args(arguments).check
    differ = False
    for path, content in generate(root).items():
        stored = path.read_bytes() if path.exists() else b""
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        elif stored != content:
            differ = True
            sides = (side.decode(errors="replace").splitlines(True) for side in (stored, content))
            name = str(path.relative_to(root))
            if path.suffix == ".png":
                print(f"{name} differs")
            else:
                print(*difflib.unified_diff(*sides, name, "from the notebooks"), sep="")
    if differ:
        raise Refused("what is generated differs from the notebooks: run `make export`")
