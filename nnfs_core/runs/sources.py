"""Where the values of a configuration come from: a file or dict, --set, the environment."""

import os
from pathlib import Path

from nnfs_core.runs import reading
from nnfs_core.runs.reading import Key


def shown(value) -> str:
    """Return a value as it may stand in a message."""
    text = {True: "true", False: "false", None: "null"}.get(value) if _is_word(value) else None
    text = repr(value) if text is None else text
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_word(value):
    return value is None or isinstance(value, bool)


class Source:
    """Values of a configuration by section and key, and where each comes from.

    lines: of the file, by key; others: what did not come from it; folder: of its relative paths.
    """

    def __init__(self, title: str, values: object, lines: dict[Key, int], folder: Path):
        if not isinstance(values, dict):
            raise ValueError(f"{title} holds {shown(values)}; expected a section data")
        self.title, self.lines, self.folder = title, lines, folder
        self.values = {k: dict(v) if isinstance(v, dict) else v for k, v in values.items()}
        self.others: dict[Key, str] = {}

    def put(self, name: str, value, origin: str) -> None:
        """Set a key, section.key, to a value that comes from elsewhere."""
        section, _, key = name.partition(".")
        if section == "data" and key == "path" and isinstance(value, str):
            value = str(Path(os.path.expanduser(value)).absolute())
        keys = self.values.setdefault(section, {})
        if isinstance(keys, dict):  # else pydantic says what the section is
            keys[key] = value
        self.others[section, key] = origin

    def override(self, text: str) -> None:
        """Set a key by "section.key=value", the value being YAML."""
        name, equals, value = text.partition("=")
        if not equals or name.count(".") != 1 or not all(name.split(".")):
            raise ValueError(f"--set {text}: expected SECTION.KEY=VALUE, as training.epochs=50")
        try:
            value = reading.parse(value)[0]
        except ValueError as error:
            raise ValueError(f"--set {text}: {error}") from None
        self.put(name, value, "--set")

    def read_environment(self, given: dict[str, str | None], names: dict[str, str]) -> None:
        """Set keys by environment variables, but for those that an override has set."""
        for variable, name in names.items():
            value = given[variable]
            section, key = name.split(".")
            if not value or (section, key) in self.others:
                continue
            if variable == "NNFS_DATA":  # the file of tracks: it concerns nobody else
                data = self.values.get("data")
                if not isinstance(data, dict) or data.get("format") != "tracks":
                    continue
            else:
                value = reading.plain(value)
                value = value.lower() if isinstance(value, str) else value
            self.put(name, value, variable)

    def where(self, key: Key) -> str:
        """Return where a key comes from, in brackets, if it comes from somewhere."""
        place = self.others.get(key[:2]) or self.lines.get(key[:2])
        if place is None:
            return ""
        return f" ({place if isinstance(place, str) else f'line {place}'})"
