"""What is wrong with a configuration: each key with the value given and what is allowed.

pydantic finds the mistakes. What is allowed is read from the schema that it makes, which editors
read, too: so a message cannot say another thing than the check does.
"""

import difflib
import os
from collections.abc import Iterator

from pydantic import ValidationError

from nnfs_core.runs.reading import Key
from nnfs_core.runs.sources import Source, shown

MOST = 20  # mistakes that are told one by one


def allowed(node: dict, several: bool = False) -> str:
    """Return, in words, what a part of a JSON schema allows."""
    if "anyOf" in node:
        return ", or ".join(allowed(part, several) for part in node["anyOf"])
    if "enum" in node:
        return f"{'any' if several else 'one'} of {', '.join(node['enum'])}"
    kind = node["type"]
    if kind in ("integer", "number"):
        words = "whole number" if kind == "integer" else "number"
        words = f"{words}s" if several else f"a {words}"
        least, above = node.get("minimum"), node.get("exclusiveMinimum")
        most, below = node.get("maximum"), node.get("exclusiveMaximum")
        low = f" above {above:g}" if above is not None else f" from {least:g}"
        if most is None and below is None:
            return words + (low if above is not None else f", {least:g} or more")
        return f"{words}{low} to " + (f"{most:,}" if most is not None else f"below {below:g}")
    if kind == "array":
        return f"a list of {allowed(node['items'], True)}"
    if kind == "object":
        return f"names, each with {allowed(node['additionalProperties'])}"
    words = {"string": "a text", "boolean": "true or false", "null": "null"}[kind]
    return "texts" if several and kind == "string" else words


def _choices(node):
    """Return the texts that a part of a schema allows, lists of them included."""
    inner = [*node.get("anyOf", []), *([node["items"]] if "items" in node else [])]
    return [*node.get("enum", []), *(choice for part in inner for choice in _choices(part))]


def _meant(given, known) -> str:
    near = difflib.get_close_matches(str(given).lower().replace("-", "_"), known, 1, 0.6)
    return f"did you mean {near[0]}? " if near else ""


def _unknown(key: Key, sections: dict) -> str:
    """Return what to say of a key that there is not."""
    name, here = key[-1], sections[key[0]] if len(key) > 1 else sections
    meant = _meant(name, list(here))
    elsewhere = [section for section, keys in sections.items() if name in keys]
    if not meant and elsewhere:
        meant = f"it belongs to {elsewhere[0]}. "
    return f"is no key; {meant}There are {', '.join(here)}"


def _sections(schema) -> dict[str, dict]:
    """Return the parts of a schema, by section and key."""
    found = {}
    for name, node in schema["properties"].items():
        reference = node.get("$ref") or node["allOf"][0]["$ref"]
        found[name] = schema["$defs"][reference.rpartition("/")[2]]["properties"]
    return found


def _faults(kind, values) -> Iterator[tuple[Key, str]]:
    """Yield each key that pydantic refuses, once, and what to say of it."""
    try:
        kind.model_validate(values)
        return
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
    sections, seen = _sections(kind.model_json_schema()), set()
    for one in found:
        key = tuple(one["loc"][:2])
        if key in seen:
            continue
        seen.add(key)
        given = values
        for part in key:
            given = given.get(part) if isinstance(given, dict) else None
        if key[0] not in sections or key[-1] not in (sections[key[0]] if key[1:] else sections):
            yield key, _unknown(key, sections)
        elif one["type"] == "missing":
            yield key, f"is missing; expected a section with {', '.join(sections[key[0]])}"
        elif len(key) == 1:
            yield key, f"is {shown(given)}; expected keys: {', '.join(sections[key[0]])}"
        else:
            node = sections[key[0]][key[1]]
            meant = _meant(given, _choices(node)) if isinstance(given, str) else ""
            yield key, f"is {shown(given)}; {meant}expected {allowed(node)}"


def _column(name: str) -> str:
    """Return the name of a column as tables have it."""
    return name.strip().lower()


def _conflicts(values: dict, defaults: dict) -> Iterator[tuple[list[str], str]]:
    """Yield values that do not go together, with the keys that they are of.

    values: by section and key, those that are not given included.
    """
    data, network, training = (values[name] for name in ("data", "network", "training"))
    own = {key for key, value in data.items() if value != defaults["data"][key]}
    source = ["data.path", "data.name"]
    if data["path"] is not None and data["name"] is not None:
        yield source, "are both given; expected one of them"
    if data["path"] is None and data["name"] is None:
        yield source, "are both missing; expected the path of a table, or the name of a data set"
    if data["name"] is not None:
        for key in ("features", "target", "gaps", "format", "task"):
            if key in own:
                yield [f"data.{key}", "data.name"], "is for a table; expected data.path with it"
    elif data["path"] is not None and data["target"] is None and data["format"] == "table":
        yield ["data.target", *source], "is missing; expected the column to predict"
    features = [_column(name) for name in data["features"] or []]
    target = _column(data["target"] or ("popularity" if data["format"] == "tracks" else ""))
    if twice := sorted({name for name in features if features.count(name) > 1}):
        yield ["data.features"], f"names {twice} twice; expected each column once"
    if target in features:
        yield ["data.features", "data.target"], f"hold the target {target!r}: take it out"
    if data["group"] is not None and _column(data["group"]) == target:
        yield ["data.group", "data.target"], f"are both {target!r}; expected another column"
    for key in ("bins", "bins_of"):
        if key in own and data["encoding"] != "bins":
            yield [f"data.{key}", "data.encoding"], "goes with encoding: bins alone"
    activation, hidden = network["activation"], network["hidden"]
    if isinstance(activation, list) and len(activation) != len(hidden):
        count = f"has {len(activation)} names; expected {len(hidden)}, one for each hidden layer"
        yield ["network.activation", "network.hidden"], count
    if data["task"] == "classification" and network["output"] != "identity":
        logits = "identity for classes: the loss takes logits, and predictions are probabilities"
        yield ["network.output", "data.task"], f"is {network['output']!r}; expected {logits}"
    if training["decay"] > 0 and training["optimizer"] != "adamw":
        other = f"is for adamw, and the optimizer is {training['optimizer']}: take l2, or adamw"
        yield ["training.decay", "training.optimizer"], other
    if training["patience"] is not None and data["validation"] == 0:
        needs = "needs samples to watch; expected data.validation above 0"
        yield ["training.patience", "data.validation"], needs


def guard_config(kind, source: Source):
    """Return the configuration of a class; refuse what is wrong with it, all at once."""
    problems = {key: what for key, what in _faults(kind, source.values)}
    bad = {".".join(map(str, key)) for key in problems}
    kept = {
        section: {key: value for key, value in keys.items() if f"{section}.{key}" not in bad}
        for section, keys in source.values.items()
        if str(section) not in bad and isinstance(keys, dict)
    }
    whole, defaults = (kind.model_validate({"data": {}} | part).as_dict() for part in (kept, {}))
    for keys, what in _conflicts(whole, defaults):
        if not bad.intersection(keys) and "data" not in bad:
            both = f"and {keys[1]} " if what.startswith(("are ", "hold ")) else ""
            problems.setdefault(tuple(keys[0].split(".")), both + what)
    if not problems:
        config = kind.model_validate(source.values)
        if config.data.path is None:
            return config
        path = str((source.folder / os.path.expanduser(config.data.path)).absolute())
        return config.model_copy(update={"data": config.data.model_copy(update={"path": path})})
    ordered = sorted(problems, key=lambda key: source.lines.get(key[:2], 10**6))
    told = [f"{'.'.join(map(str, key))}{source.where(key)} {problems[key]}" for key in ordered]
    if len(told) == 1:
        raise ValueError(f"{source.title}: {told[0]}")
    more = [f"... and {len(told) - MOST} more"] if len(told) > MOST else []
    lines = "\n  ".join(told[:MOST] + more)
    raise ValueError(f"{source.title}: {len(told)} mistakes\n  {lines}")
