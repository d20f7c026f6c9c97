"""What the machine can do: the limits that a step is compared with."""

import os
import platform
import re
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from nnfs_core.scaling import _cores


def best(function, repeats: int = 7) -> float:
    """Return the shortest time of a call in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def peak(dtype: str, n: int = 2000) -> float:
    """Return the GFLOP/s of a large matrix product on all cores."""
    A = np.random.default_rng(0).random((n, n)).astype(dtype)
    out = np.empty_like(A)
    return 2 * n**3 / best(lambda: np.matmul(A, A, out=out)) / 1e9


def bandwidth(megabytes: int = 256) -> float:
    """Return the GB/s of one core that doubles an array in main memory, read and written."""
    array = np.ones(megabytes * 2**20 // 4, np.float32)
    return 2 * array.nbytes / best(lambda: np.multiply(array, 2, out=array)) / 1e9


def processor() -> str:
    """Return the name of the processor, where Linux tells it."""
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def caches() -> str:
    """Return the sizes of the first core's caches, where Linux tells them."""
    sizes = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
    return " ".join(path.read_text().strip() for path in sorted(sizes)) or "not known"


def describe() -> dict[str, str]:
    """Return the machine's figures, by name."""
    blas = [
        f"{one['internal_api']} {one['version']} {one.get('architecture', '')}"
        for one in threadpool_info()
        if one["user_api"] == "blas"
    ]
    return {
        "processor": processor(),
        "cores": str(_cores()),
        "caches of a core": caches(),
        "system": f"{platform.system()} {platform.machine()}, load {os.getloadavg()[0]:.1f}",
        "Python": f"{platform.python_version()}, NumPy {np.__version__}, {blas[0].strip()}",
        "matrix product, float32": f"{peak('float32'):.0f} GFLOP/s",
        "matrix product, float64": f"{peak('float64'):.0f} GFLOP/s",
        "main memory, one core": f"{bandwidth():.0f} GB/s",
    }
