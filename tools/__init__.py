"""The repository's own tools: `python -m tools.NAME`, NAME being export, store, readme or run."""
