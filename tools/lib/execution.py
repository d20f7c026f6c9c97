"""Run notebooks, each in a fresh kernel, two at a time."""

import asyncio
import atexit
import os
from collections.abc import Callable
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from nnfs_core.screen import LIVE
from tools.lib.layout import Notebook, Refused

CELL_TIMEOUT = 3600  # seconds; `make results` has a cell that takes ten minutes or more


class CellFailed(Exception):
    """What becomes Refused once the other kernels are stopped."""


async def execute_one(notebook: Notebook, environment: dict[str, str], bar: tqdm) -> None:
    """Run all cells in place; raises CellFailed at the first that fails."""
    client = NotebookClient(
        notebook.content,
        # No folder to look for kernels in, so it is this interpreter's own kernel and never one
        # that somebody registered as python3 in their home folder.
        km=AsyncKernelManager(
            kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[])
        ),
        timeout=CELL_TIMEOUT,
        extra_arguments=["--log-level=CRITICAL"],  # no log amid the progress, not even when stopped
        record_timing=True,
        resources={"metadata": {"path": str(notebook.path.parent)}},
    )
    for _, cell in notebook.cells():
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    try:
        async with client.async_setup_kernel(env=environment, cleanup_kc=True):
            for index, (where, cell) in enumerate(notebook.cells()):
                bar.set_description(notebook.stage)
                try:
                    await client.async_execute_cell(cell, index)
                except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                    if asyncio.current_task().cancelling():
                        # nbclient takes this for a dead kernel, and so would a task that it leaves.
                        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
                        raise asyncio.CancelledError from None
                    known = isinstance(error, CellExecutionError)
                    reason = f"{error.ename}: {error.evalue}" if known else str(error)
                    raise CellFailed(f"{where} failed:\n\n{cell.source}\n\n{reason}") from error
                bar.update()
    finally:
        if client.km is None:  # nbclient, interrupted as it ended the kernel, would end it again
            atexit.unregister(client._cleanup_kernel)


def execute_all(
    notebooks: list[Notebook],
    data: Path | None = None,
    workers: int = 2,
    done: Callable[[Notebook], None] = lambda notebook: None,
) -> None:
    """Run notebooks in place, some at a time; at the first failure stop all and raise Refused.

    `data` is the file of tracks that NNFS_DATA names, else the kernels have no NNFS_DATA. `done` is
    called with each notebook that came to its end.
    """
    unwanted = {"NNFS_DATA", *LIVE}  # and nobody looks, even if this was started from a notebook
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    if data:
        environment["NNFS_DATA"] = str(data)
    # Kernels that share the cores wait for one another if each of them uses all.
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    waiting = iter(notebooks)

    async def work(bar: tqdm) -> None:
        for notebook in waiting:
            await execute_one(notebook, environment, bar)
            done(notebook)

    async def work_together() -> None:
        # nbclient's handlers end one kernel and call it dead; asyncio's own, at Ctrl-C, ends all.
        asyncio.get_running_loop().add_signal_handler = lambda *_: None
        cells = sum(len(notebook.content.cells) for notebook in notebooks)
        with tqdm(total=cells, unit="cell") as bar:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(work(bar))

    try:
        asyncio.run(work_together())
    except* CellFailed as failed:
        refused = Refused(str(failed.exceptions[0]))
    else:
        return
    raise refused


def execute(notebook: Notebook, data: Path | None = None) -> None:
    """Run one notebook in place; raises Refused at the first cell that fails."""
    execute_all([notebook], data)
