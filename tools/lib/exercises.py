"""The reader's part of each notebook, and what is wrong with it.

Hints, solutions and wrong answers are in solutions/, a file a notebook. `make export` folds hints
and solution into the cell tagged `folds`, after the cells tagged `stub` and `judge`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from tools.lib.layout import COURSE, EXERCISES, Notebook, Refused, tags

HINTS, MISTAKES = 2, 1  # at least, of each exercise
EFFORT = "*Difficulty {} of 5 · {} minutes · matters: {}*"  # stands under its heading
MATTERS = ("a little", "much", "very much")
TODO = "TODO"  # stands where the skeleton of an exercise waits for words or code
PREDICT = "**Predict before you run.**"
FOLD = "<details><summary>{}</summary>\n\n{}\n\n</details>"
CODE = "```python\n{}\n```"


class Answer(NamedTuple):
    """A wrong answer, and what the judge says to it."""

    title: str
    message: str
    code: str


class Effort(NamedTuple):
    """How hard an exercise is, how long it takes, and how much it matters."""

    difficulty: int
    minutes: int
    matters: str


class Exercise(NamedTuple):
    """What solutions/ holds of an exercise, or of an exported function: that has no solution."""

    hints: list[str]
    solution: str
    wrong: list[Answer]


def read_solutions(root: Path, notebook: Notebook) -> dict[str, Exercise]:
    """Exercises of a notebook by the name of their judge; raises Refused at what is no part."""
    path = root / "solutions" / f"{notebook.path.stem}.md"
    text = path.read_text("utf-8") if path.exists() else ""
    exercises = {}
    for name, body in pairs(re.split(r"^## (.+)\n", text, flags=re.MULTILINE)):
        exercise = exercises[name] = Exercise([], "", [])
        for title, part in pairs(re.split(r"^### (.+)\n", body, flags=re.MULTILINE)):
            code = re.search(r"^```python\n(.*?)\n```$", part, re.MULTILINE | re.DOTALL)
            message = " ".join(re.findall(r"^> (.+)", part, re.MULTILINE))
            if title.startswith("Hint "):
                exercise.hints.append(part.strip())
            elif title == "Solution" and code:
                exercises[name] = exercise = exercise._replace(solution=code[1])
            elif title.startswith("Wrong: ") and code:
                exercise.wrong.append(Answer(title, message, code[1]))
            else:
                where = f"solutions/{path.name}, {name}, {title!r}"
                raise Refused(f"{where}: expected Hint, or Solution or Wrong with ```python")
    return exercises


def pairs(parts: list[str]) -> Iterator[tuple[str, str]]:
    """Headings and what stands under them, of a text split at the headings."""
    return zip(parts[1::2], parts[2::2], strict=True)


def judged(cell: NotebookNode) -> str:
    """Name of the exercise that a cell tagged `judge` judges."""
    called = re.search(r"^judge\.(\w+)\(", cell.source, re.MULTILINE)
    return called[1] if called else ""


def hints(exercise: Exercise) -> str:
    """Hints, the second inside the first, in markdown."""
    hint = ""
    for number, text in reversed(list(enumerate(exercise.hints, start=1))):
        hint = FOLD.format(f"Hint {number}", f"{text}\n\n{hint}".strip())
    return hint


def folds(solutions: dict[str, Exercise], cell: NotebookNode) -> str:
    """Hints and the solution of what a cell judges, in markdown."""
    exercise = solutions.get(judged(cell), Exercise([], "", []))
    return f"{hints(exercise)}\n\n{FOLD.format('Solution', CODE.format(exercise.solution))}"


def exercise_cells(notebook: Notebook) -> Iterator[tuple[str, list[NotebookNode]]]:
    """Name of each exercise, and its cells from the task to the folds."""
    cells = notebook.content.cells
    for place, cell in enumerate(cells):
        if "judge" in tags(cell):
            yield judged(cell), cells[max(place - 2, 0) : place + 2]


def effort(task: NotebookNode) -> Effort | None:
    """What the line under the heading of an exercise says; None if there is no such line."""
    line = re.escape(EFFORT).replace(r"\{\}", "{}")
    line = line.format("([1-5])", r"([1-9]\d?)", f"({'|'.join(MATTERS)})")
    found = re.match(rf"### Exercise .+\n\n{line}(\n|$)", task.source)
    return Effort(int(found[1]), int(found[2]), found[3]) if found else None


def problems(root: Path, notebook: Notebook) -> Iterator[str]:
    """What predictions and exercises lack of their parts; asks for nothing that was run."""
    name, cells = f"notebooks/{notebook.path.name}", notebook.content.cells
    file, module = f"solutions/{notebook.path.stem}.md", f"{COURSE}/{EXERCISES}/{notebook.stage}.py"
    for (where, cell), after in zip(notebook.cells(), [*cells[1:], None], strict=True):
        if "folds" not in tags(cell) and TODO in cell.source:
            yield f"{where}: holds a {TODO}: write it"
        if cell.cell_type == "markdown" and PREDICT in cell.source:
            fold = re.search(r"<details>.*?</summary>(.*?)</details>", cell.source, re.DOTALL)
            if not fold or not fold[1].strip():
                yield f"{where}: a prediction without a fold: add what to compare with"
            if not after or after.cell_type != "code":
                yield f"{where}: a prediction that no cell answers: put one after it"

    solutions, found = read_solutions(root, notebook), []
    code = (root / module).read_text("utf-8") if (root / module).exists() else ""
    for exercise, parts in exercise_cells(notebook):
        found.append(exercise)
        wanted = [[], ["stub"], ["judge"], ["folds"]]
        task = [tags(cell) for cell in parts] == wanted and parts[0].source.startswith(
            "### Exercise "
        )
        if not task or "\n" in parts[2].source.strip():
            parts = "a task '### Exercise ...' and cells tagged stub, judge (one call), folds"
            yield f"{name}, {exercise}: expected {parts}"
            continue
        if effort(parts[0]) is None and TODO not in parts[0].source:  # told above
            wanted = EFFORT.format("3", "15", " or ".join(MATTERS))
            yield f"{name}, {exercise}: expected a line such as '{wanted}' under its heading"
        if f"def {exercise}(" not in code:
            yield f"{module}: expected a judge 'def {exercise}(...)' for {name}: add it"
        known = solutions.get(exercise, Exercise([], "", []))
        for heading, count, least in [
            ("### Hint", len(list(filter(None, known.hints))), HINTS),
            ("### Solution", int(bool(known.solution)), 1),
            ("### Wrong: ...", len(known.wrong), MISTAKES),
        ]:
            if count < least:
                yield f"{file}, ## {exercise}: {count} of {least} '{heading}' with words or code"
    for exercise, known in solutions.items():
        for part in [*known.hints, known.solution, *("\n".join(wrong) for wrong in known.wrong)]:
            if TODO in part:
                line = next(line for line in part.splitlines() if TODO in line)
                yield f"{file}, ## {exercise}: {line.strip()!r}: write it"
    for number, line in enumerate(code.splitlines(), start=1):
        if TODO in line:
            yield f"{module}, line {number}: {line.strip()!r}: write it"
    for tag in ("stub", "folds"):
        if (count := sum(tag in tags(cell) for cell in cells)) != len(found):
            yield f"{name}: {count} cells tagged {tag} for {len(found)} tagged judge"
    if lost := [name for name, known in solutions.items() if known.solution and name not in found]:
        yield f"{name}: no cell tagged judge for the solution of {', '.join(lost)}"


def verdicts(notebook: Notebook) -> Iterator[str]:
    """Stubs that the judge of the stored notebook takes for answers."""
    for exercise, parts in exercise_cells(notebook):
        outputs = parts[2].outputs if len(parts) > 2 and "judge" in tags(parts[2]) else []
        said = "".join(output.get("data", {}).get("text/plain", "") for output in outputs)
        if said != f"{exercise}: not attempted yet":
            yield f"notebooks/{notebook.path.name}, {exercise}: the judge says {said!r} to the stub"
