"""Write the package, stale outputs, README and REFERENCE from the notebooks."""

from pathlib import Path

from tools.lib import package, readme, reference, stored
from tools.lib.layout import ROOT


def write(files: dict[Path, bytes]) -> None:
    """Write what differs from what is there."""
    for path, content in files.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)


def main(root: Path = ROOT) -> None:
    """Run the command."""
    write(package.generate(root))
    ran = stored.store(root)
    write(readme.generate(root))
    write(reference.generate(root))
    print("ran", ", ".join(ran) or "no notebook: none was stale")


if __name__ == "__main__":
    main()
