"""A Dask cluster whose workers may die, hang or join late: they cost time, not correctness.

Written by hand: what a cluster adds up is the lesson of stage 14, what may go wrong in one is not.
Needs requirements-distributed.txt, which the rest of the package does without.
"""

import logging
import re
import time
import warnings
from concurrent.futures import CancelledError

try:
    import distributed
    from distributed.comm import CommClosedError
    from distributed.protocol.pickle import dumps
except ImportError:
    raise ImportError("a cluster needs Dask: pip install -r requirements-distributed.txt") from None

from nnfs_core.cluster_versions import differences, facts, looker, watch
from nnfs_core.validation import guard_kind, guard_number

logger = logging.getLogger(__name__)
DEATHS = 10  # times that Dask may give up one result, after the deaths of four workers each
TRIES = 5  # to reach all workers, if some end or hang meanwhile
PATIENCE = 60.0  # seconds for a scheduler to answer: a busy one takes some


async def _drop_silent(dask_scheduler, seconds):
    """Have the scheduler give up workers that it has not heard from for so long; return them."""
    since = time.time() - max(seconds, 5.0)  # with fewer than ten workers Dask waits for 5 seconds
    silent = [name for name, one in dask_scheduler.workers.items() if one.last_seen < since]
    before, dask_scheduler.worker_ttl = dask_scheduler.worker_ttl, seconds
    try:
        await dask_scheduler.check_worker_ttl()
    finally:
        dask_scheduler.worker_ttl = before
    return silent


async def _register(dask_scheduler, plugin, name):
    """Have the scheduler set up a plugin on all workers, on those that join later, too."""
    await dask_scheduler.register_worker_plugin(None, plugin, name, idempotent=False)


class Cluster:
    """A connection to a Dask scheduler, to be used in a `with`.

    address: of the scheduler, as tcp://10.0.0.1:8786. timeout: seconds until it, and a first
    worker, have to be there. silence: seconds after which a worker that says nothing is given up,
    twice as long after each.
    Raises ConnectionError if nobody is there, or with other versions than those here.
    """

    def __init__(self, address: str, *, timeout: float = 5.0, silence: float = 20.0):
        guard_kind("address", address, str, "that of a scheduler, as tcp://10.0.0.1:8786")
        if not re.fullmatch(r"(\w+://)?[^\s/]+:\d+/?", address):
            expected = "that of a scheduler, as tcp://10.0.0.1:8786"
            raise ValueError(f"address is {address!r}; expected {expected}")
        guard_number("timeout", timeout, above=0)
        guard_number("silence", silence, above=0)
        self.address, self.silence = address, silence
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # said here, in one line
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # versions are looked at below
                self.client = distributed.Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError) as error:
            start = "start one with: dask scheduler"
            raise ConnectionError(f"no Dask scheduler answers at {address}; {start}") from error
        try:
            self._guard_versions(timeout)
        except BaseException:
            self.close()
            raise

    def _guard_versions(self, timeout):
        for _ in range(TRIES):
            try:
                return self._look_at_versions(timeout)
            except CommClosedError as error:  # of a worker that ended meanwhile
                broken = f"connections of {self.address} break again and again: {error}"
            except TimeoutError:  # of one that hangs
                broken = f"some workers of {self.address} do not answer: end them"
                self._give_up_silent()
        raise ConnectionError(broken)

    def _look_at_versions(self, timeout):
        try:
            self.client.wait_for_workers(1, timeout=timeout)
        except TimeoutError:
            start = f"start one with: dask worker {self.address}"
            raise ConnectionError(
                f"the scheduler at {self.address} has no worker; {start}"
            ) from None
        own, limit = facts(), {"callback_timeout": self.silence}
        try:
            found = self.client.run_on_scheduler(looker(), callback_timeout=PATIENCE)
        except TimeoutError:
            raise self._hangs() from None
        self._compare(own, f"the scheduler {self.address}", found)
        for name, found in self.client.run(looker(), **limit).items():
            self._compare(own, f"worker {name}", found)
        plugin = watch(own)  # for those who join late
        self.client.run_on_scheduler(_register, plugin=dumps(plugin), name=plugin.name, **limit)

    def _compare(self, own, where, found):
        if wrong := differences(own)(found):
            todo = "in the clone of here: pip install . -r requirements-distributed.txt"
            raise ConnectionError(f"{where} has {wrong}; there, {todo}; then start it again")

    def map(self, function, *arguments, **settings) -> list:
        """Return futures of what the workers make of each of the arguments, as Client.map does."""
        if self.client.status != "running":
            raise self._gone()
        return self.client.map(function, *arguments, **settings, pure=False)

    def submit(self, function, *arguments, **settings):
        """Return a future of what a worker makes of the arguments, as Client.submit does."""
        return self.map(function, *([one] for one in arguments), **settings)[0]

    def _gone(self):
        gone = f"the scheduler at {self.address} is gone"
        return ConnectionError(f"{gone}; a training goes on from its checkpoint")

    def _hangs(self):
        hangs = f"the scheduler at {self.address} has not answered for {PATIENCE:g} s"
        todo = "end it and start another; a training goes on from its checkpoint"
        return ConnectionError(f"{hangs}: {todo}")

    def take(self, futures: list) -> list:
        """Return the results of futures, whatever happens to workers meanwhile.

        What is lost with a worker, the others compute again, and one that hangs is given up.
        Raises what a task raises, ConnectionError if the scheduler is gone or hangs.
        """
        return [self._take(future) for future in futures]

    def _take(self, future):
        seconds, deaths = 1.0, 0
        while True:
            try:
                return future.result(timeout=seconds)
            except TimeoutError:
                self._give_up_silent()
                if future.status == "finished":  # it is on its way, and may be large
                    seconds *= 2
            except distributed.KilledWorker as error:
                deaths += 1
                if deaths == DEATHS:
                    raise ConnectionError(
                        f"workers die of this training: see their logs. {error}"
                    ) from None
                logger.warning("several workers died; their work is done again")
                future.retry()
            except CancelledError:
                raise self._gone() from None
            except UnboundLocalError:  # of Dask: it has cancelled its own wait; seen under load
                if self.client.status != "running":
                    raise self._gone() from None

    def _give_up_silent(self):
        """Give up workers that hang; wait twice as long next time, lest a slow one never ends."""
        if self.client.status != "running":
            return
        try:
            settings = {"seconds": self.silence, "callback_timeout": PATIENCE}
            silent = self.client.run_on_scheduler(_drop_silent, **settings)
        except TimeoutError:
            raise self._hangs() from None
        except OSError:  # no scheduler: the next wait tells
            return
        if silent:
            told = f"{', '.join(silent)} said nothing for {self.silence:g} s and more"
            logger.warning("%s; others do what was theirs", told)
            self.silence *= 2

    def workers(self) -> list[str]:
        """Return the addresses of the workers that the scheduler knows."""
        return list(self.client.scheduler_info(n_workers=-1)["workers"])

    def close(self) -> None:
        """Forget the data on the cluster; scheduler and workers stay."""
        self.client.close(timeout=2)

    def __enter__(self):
        """Return itself."""
        return self

    def __exit__(self, *_):
        """Close."""
        self.close()
