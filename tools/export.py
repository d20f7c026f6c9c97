"""Write the package, stale outputs, README and REFERENCE from the notebooks."""

from pathlib import Path

from tools.check import GENERATED
from tools.lib import exercises, readme, stored
from tools.lib.layout import ROOT, Refused, read_notebooks


def write(files: dict[Path, bytes]) -> None:
    """Write what differs from what is there."""
    for path, content in files.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)


def main(root: Path = ROOT) -> None:
    """Run the command; what can be refused is refused before anything runs."""
    notebooks = read_notebooks(root)
    if found := [fault for nb in notebooks for fault in exercises.problems(root, nb)]:
        raise Refused("\n".join(found))
    for part in GENERATED:
        write(part.generate(root))
    ran = stored.store(root)
    write(readme.generate(root))  # with the picture of this run
    print("ran", ", ".join(ran) or "no notebook: none was stale")


if __name__ == "__main__":
    main()
