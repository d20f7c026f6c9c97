"""Write the skeleton of a new exercise, with a TODO wherever it waits for you.

`python -m tools.exercise 4 depth`: a function `depth` for the reader to write in notebook 4.
"""

import argparse
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.lib.exercises import EFFORT, exercise_cells
from tools.lib.layout import COURSE, EXERCISES, ROOT, Refused, read_notebooks, tags

TASK = "### Exercise {number}: TODO: a title\n\n{effort}\n\nTODO: the task."
STUB = '''\
def {name}(x):
    """Return TODO: what, with shapes or units."""
    raise NotImplementedError("{name}")  # your code instead of this line'''
JUDGE = '''

@exercise
def {name}({name}):
    """TODO: what is judged."""
    x, right = 1, 1  # TODO: a case and its answer
    mistakes = {{"TODO: what the judge says to a mistake": 2}}
    same("the result", called({name}, x), right, mistakes)
'''
SOLUTION = """
## {name}

### Hint 1

TODO: where to look.

### Hint 2

TODO: what to use.

### Solution

```python
def {name}(x):
    return TODO
```

### Wrong: TODO: what is wrong with it

> TODO: what the judge says to it

```python
def {name}(x):
    return TODO
```
"""


def add(path: Path, text: str) -> None:
    """Add text to the end of a file."""
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", type=int, help="number of the notebook")
    parser.add_argument("name", help="name of the function that the reader is to write")
    given = parser.parse_args(arguments)
    name = given.name
    notebooks = {notebook.number: notebook for notebook in read_notebooks(root)}
    if given.stage not in notebooks:
        raise Refused(f"no notebook {given.stage}: give one of {', '.join(map(str, notebooks))}")
    notebook = notebooks[given.stage]
    judges = root / COURSE / EXERCISES / f"{notebook.stage}.py"
    if not name.isidentifier() or f"def {name}(" in judges.read_text("utf-8"):
        raise Refused(f"{name!r} is no name of a function, or {judges.name} has it: give another")
    cells = notebook.content.cells
    place = max(number for number, cell in enumerate(cells, start=1) if "folds" in tags(cell))
    number = len(list(exercise_cells(notebook))) + 1
    cells[place:place] = [
        new_markdown_cell(TASK.format(number=number, effort=EFFORT.format("TODO", "TODO", "much"))),
        new_code_cell(STUB.format(name=name), metadata={"tags": ["stub"]}),
        new_code_cell(f"judge.{name}({name})", metadata={"tags": ["judge"]}),
        new_markdown_cell("", metadata={"tags": ["folds"]}),
    ]
    notebook.path.write_text(nbformat.writes(notebook.content) + "\n", "utf-8", newline="\n")
    solutions = root / "solutions" / f"{notebook.path.stem}.md"
    add(judges, JUDGE.format(name=name))
    add(solutions, SOLUTION.format(name=name))
    for path in (notebook.path, judges, solutions):
        print(f"{path.relative_to(root)}: look for TODO")


if __name__ == "__main__":
    main()
