"""The tracks: your pipeline and your training loop predict how popular a track is."""

import warnings

import numpy as np
from mine import clean_tracks, load_tracks, predict, prepare_dataset, train

from nnfs_course.judge import Wrong


def r2(Y, A):
    """Return the share of the variance of Y (1, m) that predictions A explain."""
    return float(1 - ((A - Y) ** 2).mean() / Y.var())


def draw(figure):
    """Train on 2,000 tracks from the first seed that is alive; draw predicted against true."""
    tracks = clean_tracks(load_tracks())
    data = prepare_dataset(tracks.sample(min(2_500, len(tracks)), random_state=0))
    sizes, settings = [len(data.features), 32, 16, 1], {"learning_rate": 0.4, "iterations": 400}
    for seed in range(20):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            run = train(data.X_train, data.Y_train, sizes, seed=seed, **settings)
        if not said:
            break
    A = predict(data.X_test, run.parameters)
    reached = r2(data.Y_test, A)
    ones = [np.vstack([X, np.ones(X.shape[1])]) for X in (data.X_train, data.X_test)]
    line = np.linalg.lstsq(ones[0].T, data.Y_train[0], rcond=None)[0]
    linear = r2(data.Y_test, (line @ ones[1])[None])
    left, right = figure.subplots(1, 2)
    left.plot(run.losses)
    left.set(xlabel="iteration", ylabel="loss", title="It learns")
    points = [data.target_scaler.inverse_transform(Z.T)[:, 0] for Z in (data.Y_test, A)]
    right.scatter(*points, s=4, alpha=0.5)
    right.set(xlabel="true popularity", ylabel="predicted", title=f"R² {reached:.2f}")
    told = (
        f"R² {reached:.3f} on tracks that it has not seen, where linear regression has {linear:.3f}"
    )
    if reached < max(linear / 2, 0):
        raise Wrong(f"{told}: expected at least half of that")
    return told
