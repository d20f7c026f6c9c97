"""docs/TEACHING.md: ten sessions with what is read before each, and its exercises."""

from pathlib import Path

from tools.lib.exercises import MATTERS, Effort
from tools.lib.layout import ROOT, Notebook, Refused, read_notebooks
from tools.lib.readme import efforts, fill, reading

PAGE = "docs/TEACHING.md"
SESSIONS = (
    ("overview", "preprocessing"),
    ("initialization", "activation", "forward_pass"),
    ("backpropagation",),
    ("training_loop", "bug_zoo"),
    ("layers", "pure_python"),
    ("solver",),
    ("generalization",),
    ("classification",),
    ("batch_normalization", "experiments"),
    ("scaling", "autograd"),
)
IN_CLASS = 60  # minutes of exercises at most, of a session of ninety
Task = tuple[Notebook, str, Effort]


def short(notebook: Notebook) -> str:
    """Name of a notebook, without what it is about."""
    return notebook.title.partition(":")[0]


def link(notebook: Notebook) -> str:
    """Link to a notebook."""
    return f"[{short(notebook)}](../notebooks/{notebook.path.name})"


def listed(tasks: list[Task]) -> str:
    """Exercises with their minutes, by notebook."""
    found: dict[str, list[str]] = {}
    for notebook, title, effort in tasks:
        name = title.removeprefix("Exercise ").replace(":", "", 1)
        found.setdefault(short(notebook), []).append(f"{name} ({effort.minutes})")
    return "; ".join(f"{name}: {', '.join(tasks)}" for name, tasks in found.items())


def divided(tasks: list[Task]) -> tuple[list[Task], list[Task]]:
    """Exercises for the class, those that matter most first, and the rest."""
    chosen, minutes = [], 0
    for task in sorted(tasks, key=lambda task: (-MATTERS.index(task[2].matters), task[2].minutes)):
        if minutes + task[2].minutes <= IN_CLASS:
            chosen.append(task)
            minutes += task[2].minutes
    return [task for task in tasks if task in chosen], [t for t in tasks if t not in chosen]


def schedule(root: Path = ROOT) -> str:
    """Table of the sessions; raises Refused at a notebook that is in none, or in two."""
    notebooks = {notebook.stage: notebook for notebook in read_notebooks(root)}
    planned = sorted(stage for stages in SESSIONS for stage in stages)
    if planned != sorted(notebooks):
        odd = sorted(set(planned) ^ set(notebooks)) or planned
        raise Refused(f"tools/lib/teaching.py: expected each notebook in one session: {odd[0]!r}")
    rows = [["session", "read before", "minutes", "in class", "minutes", "at home", "minutes"]]
    rows.append(["---"] * 7)
    for number, stages in enumerate(SESSIONS, start=1):
        own = [notebooks[stage] for stage in stages]
        tasks = [(notebook, *found) for notebook in own for found in efforts(notebook)]
        row = [str(number), ", ".join(map(link, own)), str(sum(map(reading, own)))]
        for part in divided(tasks):
            row += [listed(part), str(sum(effort.minutes for *_, effort in part))]
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def generate(root: Path = ROOT) -> dict[Path, bytes]:
    """The page with the table between its marks, if there is such a page."""
    path = root / PAGE
    return {path: fill(path, {"schedule": schedule(root)})} if path.exists() else {}
