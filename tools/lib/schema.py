"""configs/schema.json: what a configuration may hold, for editors to complete it by."""

import json
from pathlib import Path

from nnfs_core.runs import ExperimentConfig
from tools.lib.layout import ROOT

SCHEMA = "configs/schema.json"


def plain(node):
    """Return a part of a schema without titles, and alike for all versions of pydantic."""
    if isinstance(node, float) and node.is_integer():
        return int(node)
    if isinstance(node, list):
        return [plain(part) for part in node]
    if not isinstance(node, dict):
        return node
    kept = {key: part for key, part in node.items() if key != "title" or isinstance(part, dict)}
    return {key: plain(part) for key, part in kept.items()}


def generate(root: Path = ROOT) -> dict[Path, bytes]:
    """Text of the schema, if the repository has configurations."""
    if not (root / SCHEMA).parent.is_dir():
        return {}
    found = plain(ExperimentConfig.model_json_schema())
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return {root / SCHEMA: text.encode()}
