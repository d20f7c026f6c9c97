"""The package is generated from the notebooks, or nothing is."""

import subprocess
import sys

import pytest

from tests.notebook_helpers import ACTIVATION, add_notebook, code, edit, seal, toy_project
from tools import check
from tools.export import write
from tools.lib import package
from tools.lib.layout import HANDWRITTEN, ROOT, Refused, read_notebooks
from tools.lib.normal_form import written_cells


def refusal(root):
    """What export refuses, having written nothing."""
    with pytest.raises(Refused) as caught:
        write(package.generate(root))
    assert not (root / "nnfs_core" / "__init__.py").exists()
    return str(caught.value)


def test_a_module_a_stage_and_the_public_names_in_reading_order(tmp_path):
    root = toy_project(tmp_path, code("_PRIVATE = 1\nLIMIT = 2", "export"), code("LIMIT = 3"))
    write(package.generate(root))
    assert (root / "nnfs_core" / "layer.py").read_text() == (
        '"""Stage 02: layer.\n\n'
        "Generated from notebooks/02_layer.ipynb by `make export`: edit that, not this.\n"
        '"""\n\n'
        "from nnfs_core.activation import relu\n\n\n"
        'def dense(Z):\n    """A layer"""\n    return relu(Z)\n'
    )
    program = (
        "import sys, nnfs_core; assert 'numpy' not in sys.modules; print(dir(nnfs_core)); "
        "from nnfs_core import relu, dense, LIMIT; print(relu(-1), dense(3), LIMIT)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    by_hand = {name for module, own in HANDWRITTEN.items() for name in (module, *own)}
    names = sorted({"LIMIT", "activation", "dense", "layer", "relu"} | by_hand)
    assert "load_dataset" in names and "run_experiment" in names
    assert done.stdout == f"{names}\n0 3 2\n", done.stderr


def test_all_can_be_imported_with_a_star_where_dask_is_missing():
    program = (
        "import sys; sys.modules |= dict.fromkeys(['dask', 'distributed']); "
        "from nnfs_core import *; print(train, train_fast, 'DistributedModel' in globals())"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("<function train at") and done.stdout.endswith("False\n")


def test_imports_are_hoisted_and_sorted_and_cells_stay_in_order(tmp_path):
    later = "from math import (\n    exp,\n)\n\nimport os\n\nE = exp(1)\nHERE=os.curdir"
    again = "import numpy as np\nPI = np.pi"
    root = toy_project(tmp_path, code(later, "export"), code(again, "export"))
    write(package.generate(root))
    module = (root / "nnfs_core" / "activation.py").read_text()
    assert module.split('"""\n\n')[1] == (
        "import os\nfrom math import (\n    exp,\n)\n\nimport numpy as np\n\n\n"
        'def relu(Z):\n    """max(0, Z)"""\n    return np.maximum(0, Z)\n\n\n'
        "E = exp(1)\nHERE = os.curdir\n\n\nPI = np.pi\n"
    )


def test_the_generated_package_passes_the_repositorys_own_ruff(tmp_path):
    root = toy_project(tmp_path, code("Z_LIMIT = 1\n\nB_LIMIT=2", "export"))
    (root / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    write(package.generate(root))
    for command in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, "nnfs_core"], cwd=root, check=True)


def differences(root):
    """What the check says of the package's files."""
    return list(check.generated(root, [package]))


def test_check_writes_nothing_and_shows_a_diff_if_there_is_one(tmp_path):
    root = seal(toy_project(tmp_path))
    assert differences(root) == []
    module = root / "nnfs_core" / "activation.py"
    stored = module.read_bytes()
    edit(root / "notebooks" / "01_activation.ipynb", 4, source=ACTIVATION.replace("m(0", "m(1"))
    found = differences(root)
    assert found[0].startswith("nnfs_core/activation.py differs from what the notebooks make: run")
    assert "-    return np.maximum(0, Z)" in found and "+    return np.maximum(1, Z)" in found
    assert module.read_bytes() == stored


@pytest.mark.parametrize(
    "damage",
    [
        lambda module: module.write_bytes(module.read_bytes().replace(b"\n", b"\r\n")),
        lambda module: module.write_bytes(module.read_bytes().replace(b"relu", b"rely")),
        lambda module: module.unlink(),
    ],
)
def test_check_sees_a_module_that_was_touched(tmp_path, damage):
    root = seal(toy_project(tmp_path))
    damage(root / "nnfs_core" / "layer.py")
    assert differences(root)[0].startswith("nnfs_core/layer.py differs")


@pytest.mark.parametrize(
    ("source", "tag", "message"),
    [
        ("print(1)", "exprot", "unknown tag 'exprot'"),
        ("def relu(Z):\n    return Z", "export", "exports 'relu' again, after notebooks/01"),
        ("print(1)", "export", "a demonstration in line 1"),
        ("N = 3\nlosses = train()", "export", "a demonstration in line 2"),
        ("for i in range(3):\n    pass", "export", "a demonstration in line 1"),
        ("%timeit relu(1)", "export", "expected plain Python, no magics"),
        ("!ls", "export", "expected plain Python, no magics"),
        ("def half(:", "export", "invalid syntax: expected plain Python"),
        ("from nnfs_core.layer import dense", "", "nnfs_core.layer.dense is not from an earlier"),
        ("from nnfs_core.activation import relu", "", "is not from an earlier stage"),
        ("from nnfs_core import dense", "", "nnfs_core.dense is not from an earlier stage"),
        ("%time from nnfs_core import dense", "", "nnfs_core.dense is not from an earlier stage"),
        ("import nnfs_core", "", "nnfs_core is not from an earlier stage"),
        ("from nnfs_core import *", "", "nnfs_core.* is not from an earlier stage"),
        ("def layer():\n    return 1", "export", "exports 'layer', the name of a stage: rename it"),
        ("if True:\n    import nnfs_core.layer as n", "", "is not from an earlier stage"),
        ("from nnfs_core.layer import dense\nN = dense(1)", "export", "is not from an earlier"),
    ],
)
def test_export_refuses_a_cell(tmp_path, source, tag, message):
    said = refusal(toy_project(tmp_path, code(source, *tag.split())))
    assert said.startswith("notebooks/01_activation.ipynb, cell 5 (") and message in said


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f():\n    return missing", "F821 Undefined name `missing`"),
        ("import os", "F401 `os` imported but unused"),
    ],
)
def test_export_refuses_a_name_that_the_module_lacks_or_does_not_need(tmp_path, source, message):
    said = refusal(toy_project(tmp_path, code(source, "export")))
    assert "nnfs_core/activation.py:" in said and message in said


def test_export_refuses_a_name_that_two_notebooks_export(tmp_path):
    root = toy_project(tmp_path)
    add_notebook(root, "03_more.ipynb", code("def dense():\n    return 1", "export"))
    assert "cell 4 ('def dense():'): exports 'dense' again" in refusal(root)


@pytest.mark.parametrize("name", ["Third", "03-third", "03_Third", "04_third", "02_third"])
def test_export_refuses_a_notebooks_name(tmp_path, name):
    root = toy_project(tmp_path)
    add_notebook(root, f"{name}.ipynb")
    assert ".ipynb: expected the name 0" in refusal(root)


def test_export_refuses_a_module_without_a_notebook(tmp_path):
    root = toy_project(tmp_path)
    (root / "nnfs_core" / "gone.py").write_text("")
    assert "nnfs_core/gone.py: no notebook exports this module" in refusal(root)


def test_export_refuses_a_subpackage_that_it_does_not_know(tmp_path):
    root = toy_project(tmp_path)
    for name in ("runs", "gone"):
        (root / "nnfs_core" / name).mkdir()
        (root / "nnfs_core" / name / "__init__.py").write_text("")
    assert "nnfs_core/gone: not in layout.HANDWRITTEN: delete it" in refusal(root)


def test_hand_written_modules_stay_and_may_be_imported(tmp_path):
    source = "from nnfs_core.validation import check\n\n\ndef f(Z):\n    check(Z)"
    root = toy_project(tmp_path, code(source, "export"))
    for name in ("validation", "__main__"):
        (root / "nnfs_core" / f"{name}.py").write_text("# by hand\n")
    write(package.generate(root))
    assert (root / "nnfs_core" / "validation.py").read_text() == "# by hand\n"


def test_a_notebook_without_a_number_comes_last_and_imports_from_all_stages(tmp_path):
    root = toy_project(tmp_path)
    zoo = "from nnfs_core import dense\n\nfrom nnfs_course.exercises import bug_zoo as judge"
    add_notebook(root, "bug_zoo.ipynb", code(zoo))
    write(package.generate(root))
    assert not (root / "nnfs_core" / "bug_zoo.py").exists()
    notebooks = read_notebooks(root)
    assert [(notebook.stage, notebook.is_stage) for notebook in notebooks] == [
        ("activation", True),
        ("layer", True),
        ("bug_zoo", False),
    ]
    links = [cell.source for _, cell in notebooks[2].cells("links")]
    assert links == ["links"]
    written = written_cells(root, notebooks[2], notebooks)
    assert "Back to the [course](../README.md)" in written["links"]
    assert "Previous" not in written["links"]
    assert "Next" not in written_cells(root, notebooks[1], notebooks)["links"]


@pytest.mark.parametrize(
    "source",
    ["from nnfs_course.exercises import layer", "import nnfs_course.exercises.layer"],
)
def test_a_notebook_imports_no_other_notebooks_judges(tmp_path, source):
    assert "is not from an earlier stage" in refusal(toy_project(tmp_path, code(source)))
