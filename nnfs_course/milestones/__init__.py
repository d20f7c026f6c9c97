"""Milestones: what the reader's functions can do so far, each a module of one screen.

A milestone imports the reader's functions from `mine`, and the package's never. Its `draw` trains,
draws into a figure and returns what was reached, or raises Wrong. In a notebook of learner/, after
its setup cell:

    from nnfs_course.milestones import milestone
    milestone("xor")
"""

import ast
import functools
import importlib
import sys
from pathlib import Path

from threadpoolctl import threadpool_limits

from nnfs_course.judge import Verdict, exercise

NAMES = ("perceptron", "xor", "hidden_layer", "tracks", "digits", "autograd")
SIZE = (8, 3.4)  # inches


def imported(name: str) -> list[str]:
    """Return the names that a milestone, and those that it builds on, import from `mine`."""
    found = []
    for node in ast.walk(_parsed(Path(__file__).with_name(f"{name}.py"))):
        if isinstance(node, ast.ImportFrom) and node.module == "mine":
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module.startswith(f"{__name__}."):
            found += imported(node.module.rpartition(".")[2])
    return found


def title(name: str) -> str:
    """Return the first line of a milestone."""
    return ast.get_docstring(_parsed(Path(__file__).with_name(f"{name}.py"))).partition("\n")[0]


def needs(name: str) -> dict[str, list[str]]:
    """Return the notebooks that a milestone stands on, each with the functions that it takes.

    They are what it imports, and what the course's own versions of these use in turn.
    """
    modules, wanted = _modules(), imported(name)
    homes = {one: module for module in reversed(modules) for one in modules[module]}
    found, todo = set(), [(homes[one], one) for one in wanted if one in homes]
    while todo:
        module, one = todo.pop()
        home, definition = modules[module].get(one, (module, None))
        if home != module:  # it is imported there
            todo.append((home, one))
        elif definition and (module, one) not in found:
            found.add((module, one))
            used = [node.id for node in ast.walk(definition) if isinstance(node, ast.Name)]
            todo += [(module, other) for other in used]
    public = sorted(pair for pair in found if not pair[1].startswith("_"))
    return {notebook: [one for home, one in public if home == notebook] for notebook, _ in public}


@functools.cache
def _parsed(path):
    return ast.parse(path.read_text("utf-8"))


@functools.cache
def _modules():
    """Return by notebook, in order, the names of its module: each with home and definition."""
    root = Path(__file__).parents[2]
    stages = {path.stem[3:]: path.stem for path in sorted(root.glob("notebooks/[0-9]*.ipynb"))}
    modules = {}
    for stage, notebook in stages.items():
        path, names = root / "nnfs_core" / f"{stage}.py", {}
        for node in _parsed(path).body if path.exists() else []:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names[node.name] = notebook, node
            elif isinstance(node, ast.ImportFrom):
                home = stages.get(node.module.rpartition(".")[2])
                names |= {alias.name: (home, None) for alias in node.names if home}
        modules[notebook] = names
    return modules


def look(name: str, say=lambda doing: None) -> list[str]:
    """Return what is missing for a milestone, a line a notebook or wrong function; [] if nothing.

    The functions are judged as saved. say: called with the name of each before it is judged.
    """
    mine, lines = importlib.import_module("mine"), []
    for notebook, functions in needs(name).items():
        judges = importlib.import_module(f"nnfs_course.exercises.{notebook[3:]}")
        unwritten, wrong = [], []
        for function in filter(lambda one: hasattr(judges, one), functions):
            say(f"{function} of {notebook}")
            said = mine.verdict(getattr(judges, function))
            if said.message.endswith("not attempted yet"):
                unwritten.append(function)
            elif not said.right:
                where = f" ({said.where})" if said.where else ""
                wrong.append(f"{notebook}: {function} is not right: {said.message}{where}")
        if unwritten:
            lines.append(f"{notebook}: {', '.join(unwritten)}: not written yet")
        lines += wrong
    return lines


def milestone(name: str, figure=None, say=lambda doing: None) -> Verdict:
    """Return whether a milestone is reached, and with what; draw it, into a figure if one is given.

    Nothing is drawn while functions that it needs are missing or wrong: the verdict names them.
    """
    if name not in NAMES:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(NAMES)}")
    if missing := look(name, say):
        return Verdict(
            name, False, "\n  ".join(["not yet. What it needs of your notebooks:", *missing])
        )
    say(name)
    if figure is not None:
        return reach(name, figure)
    import matplotlib.pyplot as plt  # here, so that to ask what is needed takes no time

    said = reach(name, plt.figure(figsize=SIZE, layout="constrained"))
    plt.show()
    return said


def reach(name: str, figure) -> Verdict:
    """Run a milestone on the functions as they are, and say how it went."""
    for one in NAMES:  # so that they import what is saved now
        sys.modules.pop(f"{__name__}.{one}", None)

    def reached():
        with threadpool_limits(1, "blas"):  # several threads wait for each other on a busy machine
            return importlib.import_module(f"{__name__}.{name}").draw(figure)

    reached.__name__ = name
    said = exercise(reached)()
    if said.right:
        return said._replace(message=said.message.replace("right. ", "reached: ", 1))
    return said._replace(message=f"not reached: {said.message}")
