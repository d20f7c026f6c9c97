"""CITATION.cff, from pyproject.toml, README.md and LICENSE: how the course is cited."""

import json
import re
from pathlib import Path

from tools.lib.layout import ROOT, project, repository


def generate(root: Path = ROOT) -> dict[Path, bytes]:
    """Text of the citation, if the repository has a licence that names its authors."""
    licence = root / "LICENSE"
    named = licence.exists() and re.search(r"^Copyright \(c\) \d+ (.+)", licence.read_text(), re.M)
    if not named:
        return {}
    about = project(root)
    facts = {
        "cff-version": "1.2.0",
        "message": "If you use this course, please cite it as below.",
        "type": "software",
        "title": (root / "README.md").read_text("utf-8").partition("\n")[0].lstrip("# "),
        "abstract": about["description"],
        "version": about["version"],
        "license": about["license"],
    }
    if address := repository(root):
        facts["repository-code"] = address
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
    head = "# From pyproject.toml, README.md and LICENSE, by `make export`."
    lines = [head, *lines, "authors:", f"  - name: {json.dumps(named[1])}"]
    return {root / "CITATION.cff": ("\n".join(lines) + "\n").encode()}
