"""Configurations: read with care, refused with all mistakes at once, and described by a schema."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfs_core import ExperimentConfig, load_config
from nnfs_core.datasets import LOADERS
from nnfs_core.runs import reading
from nnfs_core.runs.config import DataConfig, guard_made
from nnfs_core.runs.folder import as_yaml
from tools.lib import schema
from tools.lib.layout import ROOT

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
SMALL = {"data": {"name": "digits"}}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("NNFS_SEED", "NNFS_LOG_LEVEL", "NNFS_DATA"):
        monkeypatch.delenv(name, raising=False)


def refusal(source, *overrides):
    """What load_config says of a configuration that will not do."""
    with pytest.raises(ValueError) as caught:
        load_config(source, overrides)
    return str(caught.value)


# What YAML is read as


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),  # PyYAML's own reader takes it for a text
        (".5", 0.5),
        ("-2", -2),
        ("010", 10),  # there: 8
        ("1:30", "1:30"),  # there: 90
        ("no", "no"),  # there: False, and Norway is gone
        ("True", True),
        ("~", None),
        ('"7"', "7"),
        ("2024-01-01", "2024-01-01"),
        ("[1, [2]]", [1, [2]]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("a:\n- 1\n- b: 2\n  c: 3", {"a": [1, {"b": 2, "c": 3}]}),
        ("", None),
    ],
)
def test_a_text_becomes_a_value(text, value):
    found = reading.parse(text)[0]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key a stands twice, first in line 1"),
        ("a: &x [1]\nb: *x", "line 1: an alias, x; expected the value itself"),
        ("!!python/object/apply:os.system [ls]", "line 1: the tag"),
        ("a: !!str 3", "line 1: the tag"),
        ("a: 1\n---\nb: 2", "line 2: a second document"),
        ("a: [", "line 1: this is no YAML"),
        ("a:\n\t- 1", "line 2: this is no YAML"),
        ("? [1]\n: 2", "in the place of a key"),
        ("1: 2", "the key 1 is no text"),
        ("[" * 100_000, "more than 8 levels"),
        ("a: \x00", "this is no YAML"),
    ],
)
def test_a_text_that_is_no_configuration_is_refused(text, message):
    with pytest.raises(ValueError, match=r"line|no YAML") as caught:
        reading.parse(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        reading.parse(text)
    except ValueError as error:
        assert "\n" not in str(error)


def test_the_lines_of_keys_are_known():
    _, lines = reading.parse("a:\n  b: 1\n\n  c:\n  - 2\n")
    assert lines["a", "b"] == 2 and lines["a", "c"] == 4 and lines["a", "c", 0] == 5


def test_a_file_is_refused_for_its_size_and_its_encoding(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * 100_001)
    assert "more than 100,000 bytes" in refusal(path)
    path.write_bytes("data: {path: Müller.csv}".encode("latin-1"))
    assert "no text in UTF-8" in refusal(path)
    with pytest.raises(FileNotFoundError, match="expected a configuration"):
        load_config(tmp_path / "none.yaml")
    path.write_bytes(b"\xef\xbb\xbfdata: {name: digits}")
    assert load_config(path).data.name == "digits"


# What is right


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configurations_are_right_and_survive_their_own_folder(path, tmp_path):
    config = load_config(path)
    again = tmp_path / "config.yaml"
    again.write_bytes(as_yaml(config))
    assert load_config(again) == config
    # An editor knows the schema by this line.
    assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_the_five_that_are_promised_are_there():
    names = {path.stem for path in CONFIGS}
    assert names == {"popularity", "genres", "digits", "california", "fashion_mnist"}


def test_a_dict_does_as_a_file_does_and_stays_as_it_is():
    given = {"data": {"name": "digits"}, "training": {"epochs": 3}}
    config = load_config(given, ["training.epochs=5", "network.hidden=[3, 4]"])
    assert config.training.epochs == 5 and config.network.hidden == [3, 4]
    assert given["training"]["epochs"] == 3
    assert config == load_config(config.as_dict())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None,), "source is None; expected the path of a YAML file, or a dict"),
        ((SMALL, "training.epochs=5"), "overrides is a str; expected a list"),
        ((SMALL, {"training.epochs": 5}), "overrides is a dict; expected a list"),
        ((SMALL, [5]), "an override is 5; expected a text"),
    ],
)
def test_what_is_no_source_and_no_overrides_is_refused(arguments, message):
    with pytest.raises(TypeError) as caught:
        load_config(*arguments)
    assert message in str(caught.value)


def test_a_configuration_that_was_made_otherwise_is_looked_at_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = ExperimentConfig(data={"path": "t.csv", "target": "y"})
    assert Path(guard_made(made).data.path).resolve() == tmp_path / "t.csv"
    with pytest.raises(ValueError, match="training.decay is for adamw, and the optimizer is sgd"):
        guard_made(ExperimentConfig(**SMALL, training={"decay": 1.0, "optimizer": "sgd"}))
    with pytest.raises(ValueError, match="are both missing; expected the path of a table"):
        guard_made(ExperimentConfig(data={}))
    with pytest.raises(TypeError, match="config is a dict; expected what load_config returns"):
        guard_made(SMALL)


def test_relative_paths_are_from_the_files_folder_and_overrides_from_here(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "a.yaml"
    path.write_text("data: {path: ../t.csv, target: y}\n")
    monkeypatch.chdir(tmp_path / "inner")
    assert Path(load_config("a.yaml").data.path).resolve() == tmp_path / "t.csv"
    changed = load_config(path, ["data.path=u.csv"])
    assert Path(changed.data.path) == tmp_path / "inner" / "u.csv"


def test_the_environment_stands_between_file_and_overrides(monkeypatch):
    monkeypatch.setenv("NNFS_SEED", "7")
    monkeypatch.setenv("NNFS_LOG_LEVEL", "WARNING")
    monkeypatch.setenv("NNFS_DATA", "other.csv")
    config = load_config(SMALL)
    assert (config.training.seed, config.logging.level) == (7, "warning")
    assert config.data.path is None  # it is about tracks alone
    assert load_config(SMALL, ["training.seed=8"]).training.seed == 8
    tracks = {"data": {"path": "a.csv", "format": "tracks"}}
    assert load_config(tracks).data.path == str(Path("other.csv").absolute())
    assert load_config(tracks, ["data.path=b.csv"]).data.path == str(Path("b.csv").absolute())


def test_names_of_data_sets_are_those_of_load_dataset():
    choices = DataConfig.model_json_schema()["properties"]["name"]["anyOf"][0]["enum"]
    assert choices == list(LOADERS)


# What is wrong


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(
        "data:\n  name: digit\n  test: 1.5\nnetwork:\n  hiden: [3]\n  activation: [relu]\n"
        "training:\n  epochs: 0\n  dropout: 0.3\n  patience: yes\nlog: {}\n"
    )
    title, *told = refusal(path).split("\n  ")
    assert title == f"{path}: 8 mistakes"
    assert [line.partition(" (")[0] for line in told] == [
        "data.name",
        "data.test",
        "network.hiden",
        "network.activation",
        "training.epochs",
        "training.dropout",
        "training.patience",
        "log",
    ]
    assert told[0].startswith("data.name (line 2) is 'digit'; did you mean digits? expected one of")
    assert told[1] == "data.test (line 3) is 1.5; expected a number above 0 to below 1"
    assert told[2].startswith("network.hiden (line 5) is no key; did you mean hidden? There are")
    assert "has 1 names; expected 3, one for each hidden layer" in told[3]
    assert told[4] == "training.epochs (line 8) is 0; expected a whole number from 1 to 1,000,000"
    assert "it belongs to network" in told[5]
    assert "is 'yes'; expected a whole number, 1 or more, or null" in told[6]
    assert told[7].startswith("log (line 11) is no key; did you mean logging? There are data")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epochs=true", "is true; expected a whole number"),
        ("training.epochs=1.0", "is 1.0; expected a whole number"),
        ('training.epochs="3"', "is '3'; expected a whole number"),
        ("training.learning_rate=0", "is 0; expected a number above 0 to 1,000"),
        ("training.learning_rate=1e999", "is inf; expected a number above 0"),
        ("network.dropout=1", "is 1; expected a number from 0 to below 1"),
        ("network.hidden=64", "is 64; expected a list of whole numbers from 1 to 10,000"),
        ("network.hidden=[64, 0]", "is [64, 0]; expected a list of whole numbers"),
        ("network.batch_norm=1", "is 1; expected true or false"),
        ("network.activation=rleu", "did you mean relu? expected one of relu, leaky_relu"),
        ("network.initialization=He", "did you mean he? expected one of he, xavier, normal"),
        ("training.seed=-1", "is -1; expected a whole number from 0 to 4,294,967,295"),
        ("data.bins_of={a: x}", "expected names, each with a whole number from 1 to 1,000"),
        ("data.bins=8", "goes with encoding: bins alone"),
        ("data.target=y", "is for a table; expected data.path with it"),
        ("data.path=t.csv", "and data.name are both given; expected one of them"),
        ("training.optimizer=adamw", ""),
        ("network.hidden=[]", ""),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(override, message):
    if not message:
        load_config(SMALL, [override])
        return
    said = refusal(SMALL, override)
    assert said.startswith(f"the configuration: {override.partition('=')[0]} (--set) ")
    assert message in said and "\n" not in said


def test_values_that_do_not_go_together_are_refused():
    table = {"data": {"path": "t.csv"}}
    assert "data.target" in refusal(table) and "expected the column to predict" in refusal(table)
    table["data"] |= {"target": "y", "features": ["x", "y", "x"]}
    assert "hold" not in refusal(table, "data.target=z")
    assert "names ['x'] twice" in refusal(table, "data.target=z")
    assert "hold the target 'y'" in refusal(table, "data.features=[x, y]")
    # As tables have them, capitals and spaces do not tell columns apart.
    assert "hold the target 'y'" in refusal(table, 'data.features=[x, " Y"]')
    assert "names ['x'] twice" in refusal(table, "data.features=[x, X]")
    assert "and data.target are both 'y'" in refusal(table, "data.features=[x]", "data.group=Y")
    tracks = {"data": {"path": "t.csv", "format": "tracks"}}
    assert "hold the target 'popularity'" in refusal(tracks, "data.features=[popularity, energy]")
    rest = ["training.optimizer=adam", "training.decay=0.1"]
    assert "is for adamw, and the optimizer is adam" in refusal(SMALL, *rest)
    rest = ["training.patience=3", "data.validation=0"]
    assert "needs samples to watch" in refusal(SMALL, *rest)
    table = {"data": {"path": "t.csv", "target": "y", "task": "classification"}}
    assert "identity for classes" in refusal(table, "network.output=sigmoid")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "data is missing; expected a section with path, name"),
        ({"data": {}}, "data.path and data.name are both missing; expected the path of a table"),
        ({"data": 3}, "data is 3; expected keys: path, name"),
        ({"data": None}, "data is null; expected keys"),
        ({3: {}, **SMALL}, "3 is no key; There are data, network"),
        ({"data": {"name": "digits", 3: 4}}, "data.3 is no key"),
        ({"data": {"name": ["digits"]}}, "data.name is ['digits']; expected one of"),
        ({"data": {"name": "digits", "seed": 10**400}}, "data.seed is 1000"),
    ],
)
def test_a_dict_that_is_no_configuration_is_refused(source, message):
    assert message in refusal(source)


def test_overrides_and_variables_that_say_nothing_are_refused(monkeypatch):
    for text in ("training.epochs", "epochs=3", "a.b.c=3", ".b=3"):
        assert f"--set {text}: expected SECTION.KEY=VALUE" in refusal(SMALL, text)
    assert "--set training.epochs=[: line 1: this is no YAML" in refusal(SMALL, "training.epochs=[")
    monkeypatch.setenv("NNFS_SEED", "abc")
    assert "training.seed (NNFS_SEED) is 'abc'; expected a whole number" in refusal(SMALL)


def test_a_file_without_sections_and_hundreds_of_mistakes_are_told_briefly(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("- 1\n")
    assert "holds [1]; expected a section data" in refusal(path)
    many = SMALL | {f"key{place}": 1 for place in range(500)}
    assert refusal(many).endswith("... and 480 more")
    assert len(refusal({"data": {"name": "x" * 10_000}})) < 500


# The schema


def test_the_schema_is_what_the_code_makes_and_a_change_is_seen(tmp_path):
    ((path, content),) = schema.generate(ROOT).items()
    assert path.read_bytes() == content  # else: make export
    assert schema.generate(tmp_path) == {}
    assert schema.plain(
        {"title": "T", "minimum": 1.0, "properties": {"title": {"title": "T"}}}
    ) == {
        "minimum": 1,
        "properties": {"title": {}},
    }


def test_every_key_is_described_in_the_schema():
    for name, section in json.loads((ROOT / schema.SCHEMA).read_text())["$defs"].items():
        for key, node in section["properties"].items():
            assert "description" in node or "enum" in node, (name, key)
        assert section["additionalProperties"] is False


def test_pyyaml_reads_shipped_files_as_we_do():
    for path in CONFIGS:
        ours, _ = reading.read(path)
        assert yaml.safe_load(path.read_text()) == ours


def test_the_config_is_frozen():
    config = load_config(SMALL)
    assert isinstance(config, ExperimentConfig)
    with pytest.raises(ValueError, match="frozen"):
        config.training = None
