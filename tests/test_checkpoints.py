"""Checkpoints: what is saved comes back, damage is seen, and nothing is lost at any step."""

import gc
import io
import json
import os
import pickle
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from nnfs_core import TrainingState, checkpoints, load_checkpoint, save_checkpoint
from nnfs_core.checkpoints import decode, encode
from tests.test_resuming import fit, same, solver, states_of
from tools.lib.disk import Died, Disk, after_power_cut, faults

SMALL = TrainingState({"network/W1": np.array([[1.5, -2.0]])}, {"steps": 3})


def state_of(number):
    """A small state that is told from others by its number."""
    return TrainingState({"network/W1": np.full((2, 3), float(number))}, {"steps": number})


def loaded(path):
    """The number of the state that a file is read as, and whether there was a warning."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        state = load_checkpoint(path)
    assert same(state.arrays, state_of(state.facts["steps"]).arrays)
    return state.facts["steps"], bool(told)


def test_what_was_saved_comes_back_and_goes_on_bit_for_bit(tmp_path):
    whole = solver()
    history, states = states_of(whole)
    for state in states:
        save_checkpoint(tmp_path / "a.npz", state)
        again = load_checkpoint(tmp_path / "a.npz")
        assert same(again.arrays, state.arrays)
        assert again.facts == state.facts
        trainer = solver(seed=1)
        assert fit(trainer, state=again) == history
        assert same(trainer.model.network.state(), whole.model.network.state())
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "a.npz.previous"]
    before = load_checkpoint(tmp_path / "a.npz.previous")
    assert before.facts == states[-2].facts


KINDS = [
    "?",
    "i1",
    "u1",
    "<i2",
    "<u2",
    "<i4",
    "<u4",
    "<i8",
    "<u8",
    "<f2",
    "<f4",
    "<f8",
    ">f8",
    ">i4",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)
ARRAYS = st.sampled_from(KINDS).flatmap(
    lambda kind: arrays_of.arrays(kind, arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0))
)


@given(
    st.dictionaries(st.from_regex(r"\w[\w.-]{0,9}(/\w{1,9})?", fullmatch=True), ARRAYS, max_size=4),
    st.dictionaries(st.text(max_size=5), JSON, max_size=4),
)
def test_any_arrays_and_facts_come_back(arrays, facts):
    data = encode(TrainingState(arrays, facts))
    again = decode(memoryview(data)[: -checkpoints._MARK_SIZE])
    assert again.facts == facts
    assert list(again.arrays) == list(arrays)
    for name, array in again.arrays.items():
        assert array.dtype == arrays[name].dtype.newbyteorder("<")
        assert array.shape == arrays[name].shape
        assert array.tobytes() == arrays[name].astype(array.dtype).tobytes()
        assert array.flags.writeable and array.flags.c_contiguous


def test_the_same_state_gives_the_same_bytes_and_numpy_reads_them(tmp_path):
    state = states_of(solver())[1][2]
    turned = {name: np.asfortranarray(array) for name, array in state.arrays.items()}
    assert encode(state) == encode(TrainingState(turned, state.facts))
    save_checkpoint(tmp_path / "a.npz", state)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found.files == ["facts.json", *state.arrays]
        assert same({name: found[name] for name in state.arrays}, state.arrays)
        assert json.loads(found["facts.json"]) == state.facts


def test_ctrl_c_inside_an_entry_stays_ctrl_c(monkeypatch):
    """zipfile cannot close then, and would say so instead; at the latest as it is forgotten."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile, "_ZipWriteFile", interrupted)  # made once an entry is open
    with pytest.raises(KeyboardInterrupt):
        encode(SMALL)
    gc.collect()  # what is said there becomes an error, too


def test_each_bit_of_a_file_counts(tmp_path):
    """Whichever byte is changed, wherever the file is cut off or goes on: it is refused."""
    data = encode(SMALL)
    path = tmp_path / "a.npz"
    changed = [data[:n] + bytes([data[n] ^ (1 << n % 8)]) + data[n + 1 :] for n in range(len(data))]
    cut = [data[:n] for n in range(len(data))]
    for content in [*changed, *cut, data + b"\0", b"\0" + data, data + data]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.npz is no checkpoint to go on from: it "):
            load_checkpoint(path)
    path.write_bytes(data)
    assert load_checkpoint(path).facts == SMALL.facts


REFUSED_STATES = [
    (3, TypeError, r"state is 3; expected a TrainingState\(arrays, facts\)"),
    (TrainingState([], {}), TypeError, "expected a TrainingState"),
    (TrainingState({}, {"a": {1, 2}}), TypeError, "facts hold what JSON does not: .*set"),
    (TrainingState({}, {"a": np.float32(1)}), TypeError, "facts hold what JSON does not"),
    (TrainingState({}, {"a": float("nan")}), TypeError, "facts hold what JSON does not"),
    (TrainingState({"W": [1.0]}, {}), TypeError, "W is a list; expected an array of real numbers"),
    (
        TrainingState({"W": np.array([{}])}, {}),
        TypeError,
        "W is an array .*object; expected an arr",
    ),
    (TrainingState({"W": np.array(["a"])}, {}), TypeError, "expected an array of real numbers"),
    (TrainingState({"W": np.array([1j])}, {}), TypeError, "expected an array of real numbers"),
    (TrainingState({"W": np.array([1], "M8[s]")}, {}), TypeError, "expected an array of real"),
    (TrainingState({"W": np.ma.array([1.0])}, {}), TypeError, "W is a MaskedArray"),
    (TrainingState({"../W": np.ones(1)}, {}), ValueError, r"an array is called '\.\./W'"),
    (TrainingState({"/W": np.ones(1)}, {}), ValueError, "an array is called '/W'"),
    (TrainingState({"a/../b": np.ones(1)}, {}), ValueError, "an array is called"),
    (TrainingState({"": np.ones(1)}, {}), ValueError, "an array is called ''"),
    (TrainingState({1: np.ones(1)}, {}), ValueError, "an array is called 1"),
    (TrainingState({}, {"a": "b" * 10_000_001}), ValueError, "a checkpoint holds at most 300 MB"),
]


@pytest.mark.parametrize(("state", "error", "message"), REFUSED_STATES)
def test_what_no_checkpoint_can_hold_is_refused_and_nothing_is_written(
    state, error, message, tmp_path
):
    save_checkpoint(tmp_path / "a.npz", SMALL)
    with pytest.raises(error, match=message):
        save_checkpoint(tmp_path / "a.npz", state)
    assert os.listdir(tmp_path) == ["a.npz"]
    assert load_checkpoint(tmp_path / "a.npz").facts == SMALL.facts


def test_facts_that_hold_themselves_are_refused():
    facts = {}
    facts["a"] = facts
    with pytest.raises(TypeError, match="facts hold what JSON does not"):
        encode(TrainingState({}, facts))


def test_a_state_that_is_too_large_is_refused_when_it_is_saved(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "LARGEST", 10_000)
    with pytest.raises(ValueError, match="the state has 0 MB; a checkpoint holds at most"):
        encode(TrainingState({"W": np.ones(1300)}, {}))
    save_checkpoint(tmp_path / "a.npz", TrainingState({"W": np.ones(1150)}, {}))
    load_checkpoint(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(bytes(10_001))
    with pytest.raises(ValueError, match="it is larger than 0 MB"):
        load_checkpoint(tmp_path / "a.npz")


# ---- what is read with suspicion: the checksum is right, and the content is not


def marked(data):
    """Bytes of a zip, with the mark of a checkpoint at the end."""
    digest = checkpoints.hashlib.sha256(data).hexdigest().encode()
    return data + checkpoints._MARK % (1, digest)


def forged(entries, method=zipfile.ZIP_STORED, change=None):
    """A file with a right checksum: what somebody could write who wants to do harm."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two entries with one name
        for name, content in entries:
            archive.writestr(
                name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name),
                content,
                method,
            )
        archive.comment = b" " * checkpoints._MARK_SIZE
    data = bytearray(file.getvalue()[: -checkpoints._MARK_SIZE])
    if change:
        change(data)
    return marked(bytes(data))


def header(kind="'<f8'", shape="(2,)", order="False", rest=""):
    """The front of an .npy."""
    text = f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, {rest}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def objects():
    """An array of objects as NumPy pickles it."""
    file = io.BytesIO()
    np.save(file, np.array([{}, print]), allow_pickle=True)
    return file.getvalue()


def with_extra():
    """An entry with a field that we never write."""
    info = zipfile.ZipInfo("W.npy")
    info.extra = struct.pack("<HH4s", 0x9999, 4, b"abcd")
    return info


TWO = header() + np.ones(2).tobytes()
FACTS = ("facts.json", b"{}")
FORGED = {
    "nothing in it": ([], "no JSON"),
    "no facts": ([("W.npy", TWO)], "no JSON"),
    "facts that are a list": ([("facts.json", b"[1]")], "no table"),
    "facts cut off": ([("facts.json", b'{"a": ')], "no JSON"),
    "facts in no UTF-8": ([("facts.json", b'{"a": "\xff"}')], "no JSON"),
    "facts with NaN": ([("facts.json", b'{"a": NaN}')], "hold NaN"),
    "facts with infinity": ([("facts.json", b'{"a": -Infinity}')], "hold -Infinity"),
    "facts a million deep": ([("facts.json", b'{"a":' * 10**6)], "nested too deeply"),
    "lists a million deep": ([("facts.json", b"[" * 10**6)], "nested too deeply"),
    "a number of a million digits": ([("facts.json", b'{"a": ' + b"9" * 10**6 + b"}")], "no JSON"),
    "11 MB of facts": ([("facts.json", b'{"a": "%s"}' % (b"b" * 11_000_000))], "larger than 10 MB"),
    "terabytes promised": (
        [FACTS, ("W.npy", header(shape="(1000000, 1000000)"))],
        "promises 1,000",
    ),
    "more than a size can say": (
        [FACTS, ("W.npy", header(shape="(" + "999999999999, " * 7 + "9)"))],
        "promises 8,999",
    ),
    "a hundred dimensions": (
        [FACTS, ("W.npy", header(shape="(" + "1, " * 99 + "1)") + b"12345678")],
        "header of W.npy",
    ),
    "a negative size": ([FACTS, ("W.npy", header(shape="(-1,)"))], "no array of numbers"),
    "one number too few": ([FACTS, ("W.npy", TWO[:-8])], "promises 2 numbers, and there are 8 b"),
    "one byte too many": ([FACTS, ("W.npy", TWO + b"a")], "promises 2 numbers, and there are 17"),
    "an array of objects": ([FACTS, ("W.npy", objects())], "no array of numbers"),
    "objects by name": (
        [FACTS, ("W.npy", header("'|O'") + pickle.dumps(print))],
        "no array of num",
    ),
    "a pickle": ([FACTS, ("W.npy", pickle.dumps({"a": 1}))], "no array of numbers"),
    "a pickle beside": ([FACTS, ("data.pkl", pickle.dumps(print))], "holds a file 'data.pkl'"),
    "text": ([FACTS, ("W.npy", header("'<U2'") + bytes(16))], "no array of numbers"),
    "times": ([FACTS, ("W.npy", header("'<M8[s]'") + bytes(16))], "no array of numbers"),
    "complex numbers": ([FACTS, ("W.npy", header("'<c8'") + bytes(16))], "no array of numbers"),
    "a kind that is none": ([FACTS, ("W.npy", header("'<f9'") + bytes(18))], "no array of numbers"),
    "the other end first": ([FACTS, ("W.npy", header("'>f8'") + bytes(16))], "no array of numbers"),
    "a record": ([FACTS, ("W.npy", header("[('a', '<f8')]") + bytes(16))], "no array of numbers"),
    "columns first": ([FACTS, ("W.npy", header(order="True") + bytes(16))], "no array of numbers"),
    "a call in the header": ([FACTS, ("W.npy", header("print(1)") + bytes(16))], "no array"),
    "a header of a later version": (
        [FACTS, ("W.npy", TWO.replace(b"\1\0", b"\3\0", 1))],
        "no array",
    ),
    "a header that says another length": (
        [FACTS, ("W.npy", TWO[:8] + b"\1\1" + TWO[10:])],
        "header",
    ),
    "an empty array file": ([FACTS, ("W.npy", b"")], "no array of numbers"),
    "a packed entry": ([FACTS, ("W.npy", TWO)], "an entry is packed", zipfile.ZIP_DEFLATED),
    "a zip bomb": ([FACTS, ("W.npy", bytes(10**8))], "an entry is packed", zipfile.ZIP_DEFLATED),
    "bzip2": ([FACTS, ("W.npy", TWO)], "an entry is packed", zipfile.ZIP_BZIP2),
    "two of one name": ([FACTS, ("W.npy", TWO), ("W.npy", TWO)], "two entries have one name"),
    "a name that leaves the folder": ([FACTS, ("../W.npy", TWO)], r"holds a file '\.\./W.npy'"),
    "a name from the root": ([FACTS, ("/etc/W.npy", TWO)], "holds a file '/etc/W.npy'"),
    "a name for Windows": ([FACTS, ("C:W.npy", TWO)], "holds a file"),
    "no array": ([FACTS, ("run.py", b"print(1)")], "holds a file 'run.py'"),
    "an extra field": ([FACTS, (with_extra(), TWO)], "an entry is packed"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_file_is_refused_without_memory_or_code(name, tmp_path):
    entries, message, *method = FORGED[name]
    path = tmp_path / "a.npz"
    path.write_bytes(forged(entries, *method))
    size = path.stat().st_size
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"a.npz is no checkpoint to go on from: .*({message})"):
        load_checkpoint(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * size + 1_000_000


def test_a_zip_that_lies_about_itself_is_refused(tmp_path):
    """The first entry's fields, one after the other; and what stands between and after entries."""

    def sizes(data):
        struct.pack_into("<II", data, 18, 2**31, 2**31)

    def encrypted(data):
        struct.pack_into("<H", data, 6, 1)

    def said_to_be_packed(data):
        struct.pack_into("<H", data, 8, zipfile.ZIP_DEFLATED)

    def of_another_size_when_packed(data):
        struct.pack_into("<I", data, 18, 1)

    def longer_name(data):
        struct.pack_into("<H", data, 26, 60_000)

    def more(data):
        data += b"more"

    def cut(data):
        del data[-5:]

    def entry_cut(data):
        data[:] = b"PK\3\4" + bytes(8)

    changes = sizes, encrypted, said_to_be_packed, of_another_size_when_packed, longer_name
    for change in (*changes, more, cut, entry_cut):
        path = tmp_path / "a.npz"
        path.write_bytes(forged([FACTS, ("W.npy", TWO)], change=change))
        with pytest.raises(
            ValueError, match="is no checkpoint to go on from: (an entry|there is more)"
        ):
            load_checkpoint(path)
    path.write_bytes(forged([FACTS, ("W.npy", TWO)]))
    assert load_checkpoint(path).arrays["W"].tolist() == [1.0, 1.0]  # as it stands, it is read


FOREIGN = {
    "empty": b"",
    "a table": b"id,name\n1,a\n" * 50,
    "a pickle": pickle.dumps(list(range(100))),
    "another version": encode(SMALL).replace(b"checkpoint 1 ", b"checkpoint 2 "),
    "the mark alone": marked(b""),
    "no zip": marked(b"a" * 1000),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_refused(name, tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(ValueError, match="a.npz is no checkpoint to go on from: "):
        load_checkpoint(path)


def test_no_name_at_all_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("", ".", tmp_path):
        with pytest.raises(FileNotFoundError, match="no checkpoint "):
            load_checkpoint(name)
        with pytest.raises(IsADirectoryError, match="is a folder; expected the name of a file"):
            save_checkpoint(name, SMALL)
    assert os.listdir(tmp_path) == []


def test_an_npz_of_somebody_else_is_refused(tmp_path):
    for number, save in enumerate((np.savez, np.savez_compressed)):
        path = tmp_path / f"{number}.npz"
        save(path, W=np.ones((2, 2)))
        with pytest.raises(ValueError, match="does not end as a checkpoint"):
            load_checkpoint(path)


def test_a_later_format_says_so(tmp_path):
    (tmp_path / "a.npz").write_bytes(FOREIGN["another version"])
    with pytest.raises(ValueError, match="it is of the format 2, this course reads 1"):
        load_checkpoint(tmp_path / "a.npz")


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe", "missing"):
        with pytest.raises(FileNotFoundError, match=f"no checkpoint .*{name}; expected a file"):
            load_checkpoint(tmp_path / name)


# ---- the one before


def test_a_damaged_file_is_told_and_the_one_before_is_taken_and_kept(tmp_path):
    path = tmp_path / "a.npz"
    for number in (1, 2):
        save_checkpoint(path, state_of(number))
    damaged = path.read_bytes()[:-100]
    path.write_bytes(damaged)
    with pytest.warns(UserWarning, match=r"a\.npz is no checkpoint.*; a\.npz\.previous is taken"):
        assert load_checkpoint(path).facts == {"steps": 1}
    save_checkpoint(path, state_of(3))
    assert loaded(path) == (3, False)
    assert loaded(tmp_path / "a.npz.previous") == (1, False)  # not overwritten by a damaged one
    assert (tmp_path / "a.npz.damaged").read_bytes() == damaged
    assert len(os.listdir(tmp_path)) == 3


def test_if_both_are_damaged_both_are_named(tmp_path):
    path = tmp_path / "a.npz"
    for number in (1, 2):
        save_checkpoint(path, state_of(number))
    for name in ("a.npz", "a.npz.previous"):
        (tmp_path / name).write_bytes(b"a")
    with pytest.raises(ValueError, match=r"a\.npz is no checkpoint.*and .*a\.npz\.previous is no"):
        load_checkpoint(path)


def test_if_it_is_missing_the_one_before_is_taken(tmp_path):
    path = tmp_path / "a.npz"
    for number in (1, 2):
        save_checkpoint(path, state_of(number))
    path.unlink()
    assert loaded(path) == (1, True)


# ---- a disk that fails


def saved_twice(folder):
    """A folder with two checkpoints, and the function that saves a third."""
    path = folder / "a.npz"
    for number in (1, 2):
        save_checkpoint(path, state_of(number))
    return path, lambda: save_checkpoint(path, state_of(3))


def test_whatever_fails_at_any_step_nothing_is_lost(tmp_path):
    path, save = saved_twice(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    every, seen = faults(save), set()
    assert len({n for n, _ in every}) >= 9  # open write fsync close, two names, and the folder
    for n, way in every:
        for name in os.listdir(tmp_path):
            (tmp_path / name).unlink()
        for name, content in before.items():
            (tmp_path / name).write_bytes(content)
        error = Died if "dies" in way else OSError
        with pytest.raises(error) as told, Disk(n, way)():
            save()
        if error is OSError:
            assert "a.npz cannot be written, " in str(told.value)
            assert not (tmp_path / "a.npz.part").exists()
        number, _ = loaded(path)
        seen.add(number)
        assert number in (2, 3), (n, way)
        save_checkpoint(path, state_of(4))  # and it goes on
        assert loaded(path) == (4, False)
        assert loaded(tmp_path / "a.npz.previous")[0] in (1, 2, 3)
    assert seen == {2, 3}


def test_a_cut_of_power_at_any_moment_leaves_one_of_the_two(tmp_path):
    path, save = saved_twice(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    with Disk()() as disk:
        save()
    folder = tmp_path / "after"
    folder.mkdir()
    for end in range(len(disk.log) + 1):
        for files in after_power_cut(before, disk.log[:end]):
            for name in os.listdir(folder):
                (folder / name).unlink()
            for name, content in files.items():
                (folder / name).write_bytes(content)
            number, _ = loaded(folder / "a.npz")
            assert number in ((3,) if end == len(disk.log) else (2, 3)), (end, list(files))


def test_the_first_save_leaves_a_whole_file_or_none(tmp_path):
    path = tmp_path / "a.npz"
    every = faults(lambda: save_checkpoint(path, state_of(1)))
    for n, way in every:
        for name in os.listdir(tmp_path):
            (tmp_path / name).unlink()
        with pytest.raises((Died, OSError)), Disk(n, way)():
            save_checkpoint(path, state_of(1))
        if path.exists():
            assert loaded(path) == (1, False)
        else:
            with pytest.raises(FileNotFoundError):
                load_checkpoint(path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_read_only_folder_is_told(tmp_path):
    path, save = saved_twice(tmp_path)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="a.npz cannot be written, Permission denied"):
            save()
        assert loaded(path) == (2, False)
    finally:
        tmp_path.chmod(0o700)
