"""Ask each judge about small changes of the right answer: `python -m tools.mutants [STAGE ...]`.

A change that a judge accepts has to stand, with the reason, in solutions/equals.toml.
"""

import multiprocessing
import os
import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait

from threadpoolctl import threadpool_limits

from nnfs_course.judge import Verdict
from tools.lib.asking import Task, exercises, functions
from tools.lib.layout import ROOT, Refused, read_notebooks
from tools.lib.mutation import Mutant, mutants, plain

EQUALS = "solutions/equals.toml"
ANY = "any"  # instead of mutants: a reader's own check is right if it tells right from wrong
LIMIT = 20  # seconds
# What a judge says that does not know the fault: where a number differs, or where Python stops.
GENERAL = re.compile(r" at \(.*\) is |should be (larger|smaller)$|could not use your answer")
STOPS = "your code stops with"
STATES = ("accepted", "general", "stops", "told", "endless")


def tasks(stages: Iterable[str] = ()) -> list[Task]:
    """Tasks of some notebooks, or of all."""
    notebooks = [nb for nb in read_notebooks() if not stages or nb.stage in stages]
    if unknown := set(stages) - {notebook.stage for notebook in notebooks}:
        raise Refused(f"no notebook is called {unknown.pop()!r}")
    return [task for nb in notebooks for task in (*exercises(nb), *functions(nb))]


def changes(found: Iterable[Task]) -> list[tuple[Task, Mutant]]:
    """Each task with each change of its right answer; raises Refused if a judge refuses that."""
    for task in found:
        said = task.ask(task.source)
        if not said.right:
            raise Refused(f"{task.stage}.{task.name} refuses the right answer: {said.message}")
    return [(task, mutant) for task in found for mutant in mutants(task.source)]


def asked(
    pairs: Iterable[tuple[Task, Mutant]], limit: float = LIMIT
) -> Iterator[tuple[Task, Mutant, str, str]]:
    """Task, mutant, state and message: each mutant is judged in a process of its own."""
    context = multiprocessing.get_context("fork")  # what the tasks hold is there at once
    left, running = list(pairs)[::-1], {}
    while left or running:
        while left and len(running) < (os.cpu_count() or 1):
            task, mutant = left.pop()
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_judge, args=(task, mutant, theirs))
            process.start()
            theirs.close()
            running[ours] = process, time.monotonic() + limit, task, mutant
        wait(list(running), timeout=min(end for _, end, *_ in running.values()) - time.monotonic())
        for pipe, (process, end, task, mutant) in list(running.items()):
            if not pipe.poll() and time.monotonic() < end:
                continue
            try:
                state, message = pipe.recv() if pipe.poll() else ("endless", "no answer in time")
            except EOFError:
                state, message = "stops", "it ends Python"
            process.kill()
            process.join()
            pipe.close()
            del running[pipe]
            yield task, mutant, state, message


def _judge(task: Task, mutant: Mutant, pipe: Connection) -> None:
    """Send what the judge says."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        with threadpool_limits(1):  # threads of the parent's are not there in a fork
            said = task.ask(mutant.source)
    except Exception as error:  # of an answer that is no function: its cell stops
        said = Verdict(task.name, False, f"{STOPS} {type(error).__name__}: {error}")
    state = "general" if GENERAL.search(said.message) else "told"
    state = "stops" if said.where or said.message.startswith(STOPS) else state
    pipe.send(("accepted" if said.right else state, said.message))


def equals() -> dict[str, dict[str, str]]:
    """Mutants that a judge may accept, with the reasons, by stage.name."""
    listed = tomllib.loads((ROOT / EQUALS).read_text("utf-8"))
    return {
        name: {plain(mutant): reason for mutant, reason in reasons.items()}
        for name, reasons in listed.items()
    }


def main(stages: list[str]) -> None:
    """Run the command."""
    found, listed, table, accepted = tasks(stages), equals(), Counter(), set()
    for task, mutant, state, _ in asked(changes(found)):
        table.update([(task.stage, state), ("all", state)])
        if state == "accepted":
            accepted.add((f"{task.stage}.{task.name}", str(mutant)))
    names = [f"{task.stage}.{task.name}" for task in found]
    known = {(name, mutant) for name in names for mutant in listed.get(name, {})}
    free = {name for name in names if ANY in listed.get(name, {})}
    known = {(name, mutant) for name, mutant in known if mutant != ANY}
    accepted = {(name, mutant) for name, mutant in accepted if name not in free}
    faults = [f"{name} accepts {mutant}" for name, mutant in sorted(accepted - known)]
    faults += [
        f"{EQUALS}: {name} does not accept {mutant}: delete it"
        for name, mutant in sorted(known - accepted)
    ]
    print(f"{'':16}" + "".join(f"{state:>10}" for state in STATES))
    for stage in [*dict.fromkeys(task.stage for task in found), "all"]:
        print(f"{stage:16}" + "".join(f"{table[stage, state]:10}" for state in STATES))
    print(*faults, sep="\n")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(sys.argv[1:])
