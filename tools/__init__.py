"""The repository's own commands: `python -m tools` lists them."""

import sys

# jsonschema, which nbformat stands on, loads a grammar of addresses where it finds one. That takes
# longer than all else that a judge does, and no notebook has such an address to check.
sys.modules.setdefault("rfc3987_syntax", None)
