"""Compare requirements-colab.txt with the list of versions that Colab publishes.

`python -m tools.colab_list [ADDRESS]`; the standard library alone. If versions differ, it prints
the words of an issue, with the file as it should be, and ends with exit code 1. 2 means that
there was no list to compare with.
"""

import re
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = "requirements-colab.txt"
PUBLISHED = "https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.txt"
LARGEST = 1_000_000  # bytes; the list had 15,000
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;#]+)", re.MULTILINE)


def versions(text: str) -> dict[str, str]:
    """Version of each package in lines name==version; what else a list holds is left out."""
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PIN.findall(text)}


def fetch(address: str) -> str:
    """Return a published list. Raises OSError, or ValueError for what is none."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        text = answer.read(LARGEST).decode("utf-8")
    if len(versions(text)) < 100:
        raise ValueError(f"{address} has {len(versions(text))} versions; expected pip's list")
    return text


def report(pins: str, published: str) -> str:
    """Words of an issue about versions that differ; "" if none does."""
    ours, theirs = versions(pins), versions(published)
    differ = {name: theirs.get(name, "none") for name in ours if theirs.get(name) != ours[name]}
    if not differ:
        return ""
    rows = [f"| {name} | {ours[name]} | {version} |" for name, version in differ.items()]

    def renewed(match):
        (name,) = versions(match[0])
        return f"{match[1]}=={theirs.get(name, ours[name])}"

    lines = [
        f"Colab has other versions than `{PINS}`. `make colab` says whether the notebooks hold.",
        "",
        "| package | here | Colab |",
        "| --- | --- | --- |",
        *rows,
        "",
        f"`{PINS}` would be:",
        "",
        f"```\n{PIN.sub(renewed, pins).rstrip()}\n```",
    ]
    return "\n".join(lines)


def main(words: list[str], root: Path = ROOT) -> int:
    """Run the command; the exit code."""
    try:
        published = fetch(words[0] if words else PUBLISHED)
    except (OSError, ValueError) as error:
        print(f"Colab's list could not be read: {error}", file=sys.stderr)
        return 2
    said = report((root / PINS).read_text("utf-8"), published)
    print(said or f"{PINS} has Colab's versions")
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
