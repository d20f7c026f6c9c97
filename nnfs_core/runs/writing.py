"""What a trained run writes into its folder: scores beside those of baselines, tables, pictures."""

import logging

import numpy as np
from threadpoolctl import threadpool_limits

from nnfs_core.checkpoints import save_checkpoint
from nnfs_core.files import write_whole
from nnfs_core.runs import folder as parts
from nnfs_core.runs import pictures
from nnfs_core.runs.scores import baseline_scores, score
from nnfs_core.solver import TrainingState

logger = logging.getLogger(__name__)


def write_results(config, samples, cut, predictor, histories, seconds, work) -> None:
    """Score the predictions for the test rows, and write and draw all; metrics.json comes last."""
    X, Y, classes = samples.X, samples.Y, samples.classes
    test = X[:, cut.test], Y[:, cut.test]
    predictions = predictor.predict(test[0])
    scores = {}
    if config.training.baselines:
        rest = np.concatenate([cut.train, cut.validation])
        logger.info("training models of scikit-learn on the same rows, to compare with")
        with threadpool_limits(1, "blas"):
            learn = X[:, rest], Y[:, rest]
            scores = baseline_scores(learn, test, config.network.hidden, classes)
    scores["ours"] = score(test[1], predictions, classes) | {"seconds": round(seconds, 2)}
    metrics = {
        "task": "classification" if classes else "regression",
        "target": samples.target,
        "test_rows": len(cut.test),
        "networks": config.training.networks,
        "scores": scores,
    }
    facts = parts.model_facts(config, parts.data_facts(samples, cut), scores)
    save_checkpoint(work / parts.MODEL, TrainingState(predictor.arrays(), facts))
    table = parts.history_table(histories).to_csv(index=False, lineterminator="\n")
    write_whole(work / parts.HISTORY, table.encode())
    write_whole(work / "curves.png", pictures.curves(histories, "accuracy" if classes else "R²"))
    if classes:
        picture = pictures.confusion(test[1], predictions, classes)
        write_whole(work / "confusion.png", picture)
    else:
        picture = pictures.predicted(test[1], predictions, samples.target)
        write_whole(work / "predicted.png", picture)
    write_whole(work / parts.VERSIONS, parts.as_json(parts.versions()))
    write_whole(work / parts.METRICS, parts.as_json(metrics))
