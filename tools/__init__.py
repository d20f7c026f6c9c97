"""The repository's own commands: `python -m tools` lists them."""
