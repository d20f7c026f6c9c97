"""Files of ours: written whole or not at all, in a folder that one run holds."""

import os
import signal
import subprocess
import sys
import time

import pytest

from nnfs_core.checkpoints import save_checkpoint
from nnfs_core.files import hold_folder, write_whole
from nnfs_core.solver import TrainingState
from tools.lib.disk import Died, Disk, after_power_cut, faults

OLD, NEW = b"old" * 1000, b"newer" * 1000


def test_a_file_is_written_whole(tmp_path):
    path = tmp_path / "a.json"
    for content in (OLD, NEW, b""):
        write_whole(str(path), content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["a.json"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_whatever_fails_the_file_is_the_old_or_the_new_one(tmp_path):
    path, found = tmp_path / "a.json", set()
    path.write_bytes(OLD)
    every = faults(lambda: write_whole(path, NEW))
    for n, way in every:
        path.write_bytes(OLD)
        with pytest.raises(Died if "dies" in way else OSError) as told, Disk(n, way)():
            write_whole(path, NEW)
        content = path.read_bytes()
        assert content in (OLD, NEW), (n, way)
        found.add(content)
        if "dies" not in way:
            reason = "Input/output error" if way == "fails" else "No space left on device"
            assert f"a.json cannot be written, {reason}: what was saved there" in str(told.value)
            assert os.listdir(tmp_path) == ["a.json"]
    assert found == {OLD, NEW}


def test_a_cut_of_power_leaves_the_old_or_the_new_one(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    with Disk()() as disk:
        write_whole(path, NEW)
    found = set()
    for end in range(len(disk.log) + 1):
        for files in after_power_cut({"a.json": OLD}, disk.log[:end]):
            found.add(files["a.json"])
            if end == len(disk.log):
                assert files == {"a.json": NEW}
    assert found == {OLD, NEW}


def test_the_disk_sees_what_is_not_brought_down(tmp_path):
    """The test above would see a file that is renamed before it is on the disk."""
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    with Disk()() as disk:
        write_whole(path, NEW)
    lazy = [entry for entry in disk.log if entry[0] != "fsync"]
    found = {files["a.json"] for files in after_power_cut({"a.json": OLD}, lazy)}
    assert {b"", NEW[: len(NEW) // 2], OLD, NEW} == found


def test_a_file_that_may_not_grow_is_told(tmp_path):
    """The operating system's own refusal, and not one of ours: files of 1,000 bytes at most."""
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    code = (
        "import resource, sys; from nnfs_core.files import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_whole(sys.argv[1], bytes(5000))\n"
        "except OSError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60
    )
    assert "a.json cannot be written, File too large: what was saved there before" in done.stdout
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_link_of_that_name_is_not_followed(tmp_path):
    """Somebody who may write into the folder could else have us write elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(OLD)
    (tmp_path / "a.json.part").symlink_to(elsewhere)
    write_whole(tmp_path / "a.json", NEW)
    assert elsewhere.read_bytes() == OLD
    assert (tmp_path / "a.json").read_bytes() == NEW


@pytest.mark.parametrize(
    "write", [write_whole, lambda path, _: save_checkpoint(path, TrainingState({}, {}))]
)
def test_what_is_no_file_stays_what_it_is(tmp_path, write):
    """A rename over /dev/null would leave all programs of the machine without it."""
    pipe, link, file = (tmp_path / name for name in ("pipe", "link", "file"))
    os.mkfifo(pipe)
    file.write_bytes(OLD)
    link.symlink_to(file)
    for path, what in ((pipe, "a device or a pipe"), (link, "a link to"), (tmp_path, "a folder")):
        with pytest.raises(OSError, match=f"{path} is {what}.*expected"):
            write(path, NEW)
    assert pipe.is_fifo() and link.is_symlink() and file.read_bytes() == OLD
    assert sorted(os.listdir(tmp_path)) == ["file", "link", "pipe"]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="a.json cannot be written, No such file or dir"):
        write_whole(tmp_path / "none" / "a.json", NEW)
    with pytest.raises(FileNotFoundError, match="none cannot be held, No such file or directory"):
        with hold_folder(tmp_path / "none"):
            pass


def test_a_folder_is_held_once(tmp_path):
    (tmp_path / "other").mkdir()
    with hold_folder(tmp_path):
        for _ in range(2):
            with pytest.raises(ValueError, match="is in use by another run: wait until"):
                with hold_folder(str(tmp_path)):
                    raise AssertionError("it was held twice")
        with hold_folder(tmp_path / "other"):
            pass
    with pytest.raises(ZeroDivisionError):
        with hold_folder(tmp_path):
            raise ZeroDivisionError
    with hold_folder(tmp_path):
        pass
    assert sorted(os.listdir(tmp_path)) == [".lock", "other"]


HOLDS = """
import sys, time
from nnfs_core.files import hold_folder
with hold_folder(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_and_a_killed_one_leaves_no_lock(tmp_path):
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with first:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match="is in use by another run"):
            with hold_folder(tmp_path):
                pass
        first.send_signal(signal.SIGKILL)
    for _ in range(100):  # the system lets go of it soon
        try:
            with hold_folder(tmp_path):
                return
        except ValueError:
            time.sleep(0.05)
    raise AssertionError("the lock of a killed process stays")


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    def unknown(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unknown)
    with pytest.warns(UserWarning, match="cannot be locked, Function not implemented: start no"):
        with hold_folder(tmp_path):
            pass


def test_windows_locks_the_first_byte(tmp_path, monkeypatch):
    """With what Windows has, played by a file lock of a dict."""
    locked = set()

    class Msvcrt:
        LK_NBLCK, LK_UNLCK = 1, 2

        @staticmethod
        def locking(file, how, count):
            place = os.fstat(file).st_ino, os.lseek(file, 0, os.SEEK_CUR), count
            if how == Msvcrt.LK_UNLCK:
                locked.remove(place)
            elif place in locked:
                raise PermissionError(13, "Permission denied")
            else:
                locked.add(place)

    monkeypatch.setattr("nnfs_core.files.fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt)
    with hold_folder(tmp_path):
        with pytest.raises(ValueError, match="is in use by another run"):
            with hold_folder(tmp_path):
                pass
    assert not locked
    with hold_folder(tmp_path):
        assert len(locked) == 1


def test_on_windows_no_folder_is_flushed(tmp_path, monkeypatch):
    counts = []
    for _ in range(2):
        with Disk()() as disk:
            write_whole(tmp_path / "a.json", NEW)
        counts.append([name for name, *_ in disk.log].count("fsync"))
        monkeypatch.setattr("nnfs_core.files.fcntl", None)
    assert counts == [2, 1]
