"""YAML, as far as a configuration needs it: keys, lists, texts, numbers, true, false and null.

PyYAML reads the text and says what stands where; what comes of it is made here. So nothing in a
file can build an object, an alias cannot make a thousand lists of ten, `no` stays a text, 1e-3 is a
number, and a key that stands twice is seen.
"""

import re
from pathlib import Path

import yaml

LARGEST = 100_000  # bytes of a file
DEEPEST = 8  # lists and keys inside each other
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE = re.compile(r"[-+]?[0-9]{1,30}")  # longer ones are no numbers that anybody means
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

Key = tuple[str | int, ...]  # where a value stands: ("network", "hidden", 0)


def plain(text: str):
    """Return what a text without quotes stands for."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def parse(text: str) -> tuple[object, dict[Key, int]]:
    """Return what a YAML text holds, and the line of each key. Raises ValueError with the line."""
    lines: dict[Key, int] = {}
    root: list = []
    # Open lists and keys: the value that grows, where it stands, and the key that waits for one.
    stack: list[list] = [[root, (), None]]

    def refuse(event, what):
        raise ValueError(f"line {event.start_mark.line + 1}: {what}")

    def place(event, value):
        parent, path, key = stack[-1]
        if isinstance(parent, list):
            path = (*path, len(parent)) if len(stack) > 1 else path
            parent.append(value)
        elif key is None:
            if not isinstance(value, str):
                refuse(event, f"the key {value!r} is no text; expected name: value")
            if value in parent:
                again = f"the key {value} stands twice, first in line {lines[(*path, value)]}"
                refuse(event, f"{again}; expected it once")
            stack[-1][2] = value
            parent[value] = None
            lines[(*path, value)] = event.start_mark.line + 1
            return path
        else:
            path, stack[-1][2] = (*path, key), None
            parent[key] = value
        lines.setdefault(path, event.start_mark.line + 1)
        return path

    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if getattr(event, "tag", None) is not None:
                refuse(event, f"the tag {event.tag}; expected plain values")
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                refuse(event, f"an alias, {event.anchor}; expected the value itself")
            if isinstance(event, yaml.ScalarEvent):
                place(event, plain(event.value) if event.implicit[0] else event.value)
            elif isinstance(event, yaml.CollectionStartEvent):
                value = {} if isinstance(event, yaml.MappingStartEvent) else []
                if isinstance(stack[-1][0], dict) and stack[-1][2] is None:
                    refuse(event, "a list or keys in the place of a key; expected name: value")
                path = place(event, value)
                stack.append([value, path, None])
                if len(stack) > DEEPEST:
                    refuse(event, f"more than {DEEPEST} levels; expected two: section and key")
            elif isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
            elif isinstance(event, yaml.DocumentStartEvent) and root:
                refuse(event, "a second document begins; expected one")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ValueError(f"{line}this is no YAML: {what}") from None
    return (root[0] if root else None), lines


def read(path: Path) -> tuple[object, dict[Key, int]]:
    """Return what a YAML file holds, and the line of each key.

    Raises FileNotFoundError, or ValueError for what is no such file.
    """
    if not path.is_file():
        expected = "expected a configuration, as configs/digits.yaml, or a shipped one's name"
        raise FileNotFoundError(f"no file {path}; {expected}")
    with open(path, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{path} has more than {LARGEST:,} bytes: it is no configuration")
    try:
        return parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8: save it as such") from None
    except ValueError as error:
        raise ValueError(f"{path}, {error}") from None
