"""What an experiment is made of: read from a YAML file, and refused with all mistakes at once."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nnfs_core.files import shipped
from nnfs_core.runs import reading
from nnfs_core.runs.mistakes import guard_config
from nnfs_core.runs.sources import Source
from nnfs_core.validation import guard_kind

Share = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Units = Annotated[int, Field(ge=1, le=10_000)]
Activation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "identity"]
DatasetName = Literal[  # of load_dataset
    "genres",
    "digits",
    "mnist",
    "fashion-mnist",
    "california-housing",
    "synthetic-regression",
    "synthetic-classification",
]
ENVIRONMENT = {  # what each sets; --set goes before it
    "NNFS_DATA": "data.path",
    "NNFS_SEED": "training.seed",
    "NNFS_LOG_LEVEL": "logging.level",
}


class Section(BaseModel):
    """Keys with their types and bounds; others are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class DataConfig(Section):
    """The table or data set, its columns, and how it is split and encoded."""

    path: str | None = Field(None, description="a table: .csv, .csv.gz or .zip, from this folder")
    name: DatasetName | None = Field(None, description="a data set, in place of a path")
    format: Literal["table", "tracks"] = Field(
        "table", description="tracks: cleaned as in stage 1, with the year of release as a feature"
    )
    task: Literal["auto", "regression", "classification"] = Field(
        "auto",
        description="auto: classification if the target holds texts",
    )
    features: list[str] | None = Field(
        None,
        min_length=1,
        max_length=10_000,
        description="columns; without it all with numbers and a name",
    )
    target: str | None = Field(None, description="the column to predict")
    group: str | None = Field(
        None,
        description="a column; rows that share a value, or one between ;, stay together",
    )
    gaps: Literal["refuse", "drop"] = Field(
        "refuse", description="what to do with rows in which a number is missing or none"
    )
    encoding: Literal["standard", "standard_all", "bins", "none"] = Field(
        "standard",
        description="standard: each feature to mean 0 and deviation 1; standard_all: one mean and "
        "deviation for all of them, as for pixels; bins: piecewise linear, as in stage 10",
    )
    bins: Annotated[int, Field(ge=1, le=1_000)] = Field(16, description="of each feature")
    bins_of: dict[str, Annotated[int, Field(ge=1, le=1_000)]] = Field(
        default_factory=dict, description="other numbers of bins for some features: {year: 32}"
    )
    rows: Annotated[int, Field(ge=20)] | None = Field(
        None, description="take so many rows only, drawn at random with the seed 0"
    )
    test: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.2, description="share of the rows for the test"
    )
    validation: Share = Field(
        0.1, description="share of the other rows to watch the training by, not to learn from"
    )
    seed: Seed = Field(42, description="draws the split")


class NetworkConfig(Section):
    """The layers. The last one starts at 0: an untrained network predicts the mean (stage 10)."""

    hidden: list[Units] = Field([64, 32, 16], max_length=100, description="units of each layer")
    activation: Activation | list[Activation] = Field(
        "relu", description="of all hidden layers, or a list with one for each"
    )
    output: Literal["identity", "sigmoid"] = Field(
        "identity",
        description="identity: any number, and logits of classes; sigmoid: within the range of the "
        "targets to learn from",
    )
    initialization: Literal["he", "xavier", "normal"] = Field("he", description="of the weights")
    dropout: Share = Field(0.0, description="share of each hidden layer that is dropped")
    batch_norm: bool = Field(False, description="batch normalization in front of each activation")


class TrainingConfig(Section):
    """How the network is trained."""

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = Field(20, description="at most")
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = Field(64, description="samples a step")
    optimizer: Literal["sgd", "momentum", "adam", "adamw"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0, le=1_000)] = Field(0.001, description="at first")
    schedule: Literal["constant", "exponential", "cosine"] = Field(
        "cosine", description="how the learning rate falls"
    )
    decay: Annotated[float, Field(ge=0)] = Field(0.0, description="weight decay of adamw")
    l2: Annotated[float, Field(ge=0)] = Field(0.0, description="penalty, λ")
    clip_norm: Annotated[float, Field(gt=0)] | None = Field(
        None, description="largest norm of a gradient"
    )
    patience: Annotated[int, Field(ge=1)] | None = Field(
        None, description="epochs without a lower validation loss before it stops early"
    )
    networks: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="how many are trained, from one seed after the other, and averaged"
    )
    seed: Seed = Field(0, description="of the first network: draws weights, batches and dropout")
    baselines: bool = Field(
        True, description="train models of scikit-learn on the same rows, to compare with"
    )


class LoggingConfig(Section):
    """What is said meanwhile, on stderr and in the run's log.txt."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="of stderr")
    megabytes: Annotated[float, Field(gt=0, le=1_000)] = Field(
        1.0, description="of log.txt; then it goes on in a new file, and the one before is kept"
    )


class ExperimentConfig(Section):
    """An experiment: data, network, training, logging. load_config reads one."""

    data: DataConfig
    network: NetworkConfig = Field(default_factory=NetworkConfig)
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    logging: LoggingConfig = Field(default_factory=LoggingConfig)

    def as_dict(self) -> dict[str, Any]:
        """Return all keys and values, defaults included, as YAML and JSON can hold them."""
        return self.model_dump(mode="json")


def load_config(
    source: str | Path | dict, overrides: list[str] | tuple[str, ...] = ()
) -> ExperimentConfig:
    """Return the configuration of a YAML file, or of a dict with the same keys.

    source: the file, or the name of a shipped one alone, as "digits", wherever you are.
    overrides: texts such as "training.epochs=50", which go before the file; their values are YAML.
    NNFS_SEED, NNFS_LOG_LEVEL and, for tracks, NNFS_DATA stand between the two. A relative path is
    one from the file's folder, in an override or the environment from the current one.
    Raises FileNotFoundError, or ValueError that names all mistakes.
    """
    guard_kind("source", source, str | Path | dict, "the path of a YAML file, or a dict")
    guard_kind("overrides", overrides, list | tuple, 'a list: ["training.epochs=50"]')
    found = _source(source)
    for text in overrides:
        guard_kind("an override", text, str, 'a text: "training.epochs=50"')
        found.override(text)
    found.read_environment({name: os.environ.get(name) for name in ENVIRONMENT}, ENVIRONMENT)
    return guard_config(ExperimentConfig, found)


def guard_made(config: ExperimentConfig) -> ExperimentConfig:
    """Return a configuration; refuse one, made without load_config, that it would refuse."""
    guard_kind("config", config, ExperimentConfig, "what load_config returns")
    return guard_config(ExperimentConfig, Source("config", config.as_dict(), {}, Path()))


def stored_config(path: Path) -> ExperimentConfig:
    """Return the configuration that a run's folder holds; the environment has no say in it."""
    return guard_config(ExperimentConfig, _source(path))


def _source(source):
    if isinstance(source, dict):
        return Source("the configuration", source, {}, Path())
    path = Path(os.path.expanduser(source))
    own = shipped("configs") / f"{path}.yaml"
    if path.name == str(path) and not path.exists() and own.is_file():
        path = own
    return Source(str(path), *reading.read(path), path.absolute().parent)
