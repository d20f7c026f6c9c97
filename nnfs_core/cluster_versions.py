"""The versions that have to be the same on all machines of a cluster, and who looks at them.

Written by hand. The functions that go to other machines are made inside of functions: so they
arrive whole where nnfs_core is missing, or is another one.
"""

import hashlib
import importlib.metadata
import logging
import platform
from pathlib import Path

import distributed

SAME = ("numpy", "dask", "distributed", "cloudpickle")  # in one version everywhere


def facts() -> dict[str, str]:
    """Return the versions that have to be the same on all machines."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    found |= {name: importlib.metadata.version(name) for name in SAME}
    return found | {"nnfs_core": digest.hexdigest()[:12]}


def looker():
    """Return a function of no argument that returns the facts of the machine where it runs."""

    def look(dask_worker=None):
        try:
            from nnfs_core.cluster_versions import facts
        except ImportError as error:
            return {"nnfs_core": f"none ({error})"}
        return facts()

    return look


def differences(expected):
    """Return a function of facts that tells in a text which of them are not as expected."""

    def told(found):
        wrong = [name for name in found if found[name] != expected[name]]
        return ", ".join(f"{name} {found[name]}, not {expected[name]}" for name in wrong)

    return told


def watch(expected):
    """Return a plugin that has a worker end whose facts are not as expected."""
    look, told = looker(), differences(expected)

    class SameVersions(distributed.WorkerPlugin):
        name = "nnfs_core-versions"

        def setup(self, worker):
            if wrong := told(look()):
                logging.getLogger("distributed.worker").error(
                    "this worker has %s: it cannot train with the others, and ends", wrong
                )
                worker.status = distributed.Status.paused  # it gets no task meanwhile
                worker.loop.add_callback(worker.close, reason="other versions", nanny=True)

    return SameVersions()
