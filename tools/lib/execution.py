"""Run a notebook in a fresh kernel."""

import os
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from nnfs_course.figures import LIVE
from tools.lib.layout import Notebook, Refused

CELL_TIMEOUT = 600  # seconds


def execute(notebook: Notebook, data: Path | None = None) -> None:
    """Run all cells in place; raises Refused at the first that fails.

    `data` is the file of tracks that NNFS_DATA names, else the kernel has no NNFS_DATA.
    """
    unwanted = {"NNFS_DATA", *LIVE}  # and no sliders, even if this was started from a notebook
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    if data:
        environment["NNFS_DATA"] = str(data)
    # No folder to look for kernels in, so it is this interpreter's own kernel and never one that
    # somebody registered as python3 in their home folder.
    kernels = KernelSpecManager(kernel_dirs=[])
    client = NotebookClient(
        notebook.content,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels),
        timeout=CELL_TIMEOUT,
        extra_arguments=["--log-level=ERROR"],  # the kernel's log has no place amid the progress
        record_timing=False,
        resources={"metadata": {"path": str(notebook.path.parent)}},
    )
    cells = list(notebook.cells())
    for _, cell in cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with (
        client.setup_kernel(env=environment, cleanup_kc=True),
        tqdm(cells, desc=notebook.stage, unit="cell") as bar,
    ):
        for index, (where, cell) in enumerate(bar):
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                known = isinstance(error, CellExecutionError)
                reason = f"{error.ename}: {error.evalue}" if known else str(error)
                raise Refused(f"{where} failed:\n\n{cell.source}\n\n{reason}") from error
