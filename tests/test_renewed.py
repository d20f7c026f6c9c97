"""Results that were written anew: what is the same but for rounding passes, and nothing else."""

import subprocess

import pytest

from tools import renewed
from tools.lib.layout import ROOT, Refused


def stored(kind):
    return (ROOT / "docs" / f"results-{kind}.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "differ"),
    [
        ("synthetic", "average of 5              R²  0.426", "average of 5  R² 0.431", 0),
        ("synthetic", "average of 5              R²  0.426", "average of 5  R² 0.432", 1),
        ("synthetic", "R²  0.422 ± 0.017", "R²  0.422 ± 0.023", 1),
        ("synthetic", "+0.003 ± 0.001, above 0 in 3 of 5", "+0.002 ± 0.002, above 0 in 4 of 5", 0),
        ("synthetic", "above 0 in 3 of 5", "above 0 in 5 of 5", 2),
        ("synthetic", "above 0 in 3 of 5", "above 0 in 3 of 6", 2),
        ("synthetic", "0.3, 1.0, 1.0, 0.3, 0.3", "0.3, 1.0, 1.0, 1.0, 0.3", 1),
        ("synthetic", "clean: 19,770", "clean: 19,771", 1),
        ("synthetic", "gradient boosting  ", "boosting  ", 1),
        ("classes", "0.975 reached", "0.975 MISSED", 1),
        ("classes", "+0.005 ± 0.007", "-0.000 ± 0.007", 0),
        ("classes", "+0.005 ± 0.007", "-0.001 ± 0.007", 1),
        ("use-popularity", "0.401  11.19     31.8", "0.402  11.20     95.4", 0),
        ("use-popularity", "0.401  11.19", "0.401  11.39", 1),
        ("use-predictions", "49.3857", "49.7", 0),
        ("use-predictions", "49.3857", "50.0", 1),
        ("use-table", "test 1,061", "test 1,062", 1),
        ("use-table", "0.07977      0.4", "0.0797     12.4", 0),
        ("use-compare", "0.08558 ± 0.0021", "0.0861 ± 0.0023", 0),
        ("use-mistakes", "2 mistakes", "3 mistakes", 1),
        ("fidelity", "0.030 / 0.116", "0.036 / 0.116", 1),
        ("fidelity", "7.5% zeros, 0.9", "7.5% zeros, 1.6", 1),
    ],
)
def test_a_change_is_seen_if_it_is_more_than_rounding(kind, right, wrong, differ):
    text = stored(kind)
    assert right in text
    assert list(renewed.differences(text, text)) == []
    assert len(list(renewed.differences(text, text.replace(right, wrong)))) == differ


def test_a_line_more_or_less_is_seen():
    text = stored("use-compare")
    assert list(renewed.differences(text, text + "more\n")) == ["-\n+more"]
    first = text.index("\n") + 1
    assert list(renewed.differences(text, text[first:]))


def test_the_command_compares_with_the_last_commit(tmp_path, capsys):
    (tmp_path / "docs").mkdir()
    paths = [tmp_path / "docs" / f"results-{kind}.txt" for kind in ("real", "bench")]
    for path in paths:
        path.write_text("R² 0.365\n", "utf-8")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "docs"], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    renewed.main(tmp_path)
    for path in paths:
        path.write_text("R² 0.465\n", "utf-8")
    with pytest.raises(Refused, match=r"docs/results-real.txt\n-R² 0.365\n\+R² 0.465"):
        renewed.main(tmp_path)
    assert "docs/results-real.txt: 1 lines are different\n" in capsys.readouterr().out
    (tmp_path / "docs" / "results-new.txt").write_text("1\n")
    with pytest.raises(Refused, match=r"results-new.txt: git does not know it"):
        renewed.main(tmp_path)
