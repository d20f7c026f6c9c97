"""Train what a configuration asks for, into a folder that is whole or not there at all."""

import logging
import os
import shutil
import time
from pathlib import Path

from nnfs_core.checkpoints import load_checkpoint, save_checkpoint
from nnfs_core.files import flush_folder, hold_folder, write_whole
from nnfs_core.runs import folder as parts
from nnfs_core.runs.building import build_solver, guard_size
from nnfs_core.runs.config import ExperimentConfig, guard_made, stored_config
from nnfs_core.runs.encoding import Targets, fit_inputs
from nnfs_core.runs.folder import Run, load_run
from nnfs_core.runs.loading import load_samples, split
from nnfs_core.runs.logs import logged_to
from nnfs_core.runs.predicting import Predictor
from nnfs_core.runs.scheduled import connected, guard_scheduled, spread
from nnfs_core.runs.writing import write_results
from nnfs_core.solver import TrainingState

logger = logging.getLogger(__name__)
CHECKPOINT = "network-{}.npz"


def run_experiment(
    config: ExperimentConfig,
    folder: str | Path,
    resume: bool = False,
    scheduler: str | None = None,
) -> Run:
    """Train, score and draw what a configuration asks for; return the Run in its new folder.

    While it trains, all lies in a hidden folder beside it, with a checkpoint after each epoch.
    resume: go on from there if there is one, or return the run if it is finished already, and its
    data are still the same.
    scheduler: address of a Dask scheduler, whose workers then add up the gradients.
    Raises FileExistsError for what this would overwrite, ValueError for data or settings that will
    not do, FloatingPointError if a number overflows, KeyboardInterrupt after Ctrl-C, and
    ConnectionError without a scheduler.
    """
    config = guard_made(config)
    guard_scheduled(config, scheduler)
    folder = Path(os.path.realpath(os.path.expanduser(folder)))  # no link: it gets a neighbour
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        return _finished(config, folder, resume)
    work = folder.with_name(f".{folder.name}.unfinished")
    begun = _begin(work, resume)
    with hold_folder(work):
        try:
            _keep_config(config, work)
            with logged_to(work / parts.LOG, config.logging.megabytes):
                with connected(scheduler) as cluster:
                    _train_and_write(config, work, cluster)
        except BaseException:
            if begun and not _saved(work):  # nothing to go on from
                shutil.rmtree(work, ignore_errors=True)
            raise
    if folder.exists():
        folder.rmdir()  # it is empty, as seen above
    work.rename(folder)
    flush_folder(folder.parent)
    _tidy(folder)
    return load_run(folder)


def _begin(work, resume):
    """Make the folder of an unfinished run; return whether it is new."""
    try:
        work.mkdir(parents=True)
        return True
    except FileExistsError:
        if not resume:
            with hold_folder(work):  # if another run is at it, that is the thing to say
                pass
            todo = "--resume (resume=True) continues it; or delete it"
            raise FileExistsError(f"an unfinished run lies in {work}: {todo}") from None
        return False


def _saved(work, number="*"):
    """Return the checkpoints of a network, or of all: one that a kill cut off is none."""
    name = CHECKPOINT.format(number)
    return [*work.glob(name), *work.glob(f"{name}.previous")]


def _tidy(folder):
    """Remove what only an unfinished run needs, and what kills have left."""
    for name in (CHECKPOINT.format("*"), "*.part", "*.previous", "*.damaged", ".lock"):
        for path in folder.glob(name):
            path.unlink(missing_ok=True)


def _finished(config, folder, resume):
    """Return the run that a folder holds, if it is asked for and of the same configuration."""
    try:
        run = load_run(folder)
    except (ValueError, OSError) as error:
        raise FileExistsError(f"{error}; expected an empty folder or none: give another") from None
    if not resume:
        todo = "give another folder (--out), or --resume (resume=True) to see its result"
        raise FileExistsError(f"{folder} is a finished run: {todo}")
    _guard_same(config, run.config, folder)
    try:
        run.load_samples()  # or its scores would pass for those of other data
    except OSError as error:
        logger.warning("the data of %s could not be compared with those of then: %s", folder, error)
    _tidy(folder)
    return run


def _guard_same(config, other, folder):
    """Refuse to go on with another configuration; how it is logged does not matter."""
    own, there = config.as_dict(), other.as_dict()
    for section in ("data", "network", "training"):
        for key, value in own[section].items():
            if value != there[section][key]:
                what = f"{section}.{key} is {there[section][key]!r} there, {value!r} here"
                raise ValueError(
                    f"{folder} is a run of another configuration: {what}; give another folder"
                )


def _keep_config(config, work):
    path = work / parts.CONFIG
    if path.exists():
        _guard_same(config, stored_config(path), work)
    else:
        write_whole(path, parts.as_yaml(config))


def _train_and_write(config, work, cluster):
    """Fill the folder of an unfinished run; cluster: the one that trains, or None."""
    samples = load_samples(config.data)
    cut = split(samples, config.data)
    _keep_facts(parts.data_facts(samples, cut), work / parts.DATA)
    logger.info(
        "%s; %s to learn from, %s to watch by, %s for the test",
        samples.facts["source"],
        *(f"{len(places):,}" for places in cut),
    )
    X, Y = samples.X[:, cut.train], samples.Y[:, cut.train]
    inputs = fit_inputs(config.data, X, samples.features)
    guard_size(config.network, inputs, len(X), len(Y))
    inputs.guard_size(len(X), samples.X.shape[1])
    targets = Targets(samples.classes, config.network.output).fit(Y)
    train, validation = (
        (inputs.transform(samples.X[:, places]), targets.transform(samples.Y[:, places]))
        for places in (cut.train, cut.validation if len(cut.validation) else cut.train[:1])
    )
    given = spread(cluster, train, validation if len(cut.validation) else None)
    trained = [_train(config, given, number, work) for number in range(config.training.networks)]
    networks, histories, seconds = zip(*trained, strict=True)
    predictor = Predictor(inputs, targets, list(networks))
    write_results(config, samples, cut, predictor, histories, sum(seconds), work)


def _keep_facts(facts, path):
    """Write what is known of the data; refuse to go on with other data than those of before."""
    content = parts.as_json(facts)
    if path.exists() and path.read_bytes() != content:
        raise ValueError(
            f"the data are not those that the run in {path.parent} began with (see {path.name}); "
            "put them back as they were, or begin a new run in another folder"
        )
    write_whole(path, content)


def _train(config, given, number, work):
    """Return a trained network, its history and the seconds that it took.

    It goes on from its checkpoint if there is one: a finished network is one after its last epoch.
    """
    (train, validation, data), training = given, config.training
    solver = build_solver(config, *train, number, data)
    path = work / CHECKPOINT.format(number + 1)
    state, before, name = None, 0.0, f"network {number + 1} of {training.networks}"
    if _saved(work, number + 1):
        state = load_checkpoint(path)
        before = float(state.facts.get("seconds", 0.0))
    start = time.perf_counter()

    def keep(history, take):
        done, facts = take(), {"seconds": before + time.perf_counter() - start}
        save_checkpoint(path, TrainingState(done.arrays, done.facts | facts))
        epoch, losses = len(history.train_loss) - 1, f"training loss {history.train_loss[-1]:.4g}"
        if history.validation_loss:
            losses += f", validation loss {history.validation_loss[-1]:.4g}"
        tenth = epoch % -(-training.epochs // 10) == 0 or epoch == training.epochs
        level = logging.INFO if tenth else logging.DEBUG
        logger.log(level, "%s, epoch %d: %s", name, epoch, losses, extra={"is_progress": True})

    history = solver.fit(
        train,
        validation,
        epochs=training.epochs,
        batch_size=training.batch_size,
        seed=training.seed + number,
        patience=training.patience,
        callback=keep,
        state=state,
    )
    if history.ended == "interrupted":
        raise KeyboardInterrupt(f"{name}, after epoch {len(history.train_loss) - 1}")
    logger.info("%s: kept epoch %d, %s", name, history.kept, history.ended)
    return solver.model.network, history, before + time.perf_counter() - start
