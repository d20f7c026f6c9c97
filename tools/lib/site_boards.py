"""The website's scoreboard: a bar for each model in docs/results-KIND.txt, above the text."""

import re
from html import escape
from pathlib import Path

from tools.lib.layout import ROOT

ROW = re.compile(r"^(.+?) +R² +(-?[\d.]+) ± ([\d.]+) +MAE +([\d.]+) ± ([\d.]+)$", re.MULTILINE)
LAST_BASELINE = "gradient boosting"
SCALE = 0.5  # R² at the right end


def board(kind: str, root: Path = ROOT) -> str:
    """Table of a file of results as a block of HTML; "" if there is none."""
    path = root / "docs" / f"results-{kind}.txt"
    rows = ROW.findall(path.read_text("utf-8")) if path.exists() else []
    names = [row[0] for row in rows]
    lines = []
    for place, (name, score, spread, error, _) in enumerate(rows):
        ours = LAST_BASELINE in names[:place]
        left, around = (max(100 * float(value) / SCALE, 0) for value in (score, spread))
        lines.append(
            f'<tr class="{"ours" if ours else "theirs"}"><th scope="row">{escape(name)}</th>'
            f'<td class="bar"><span style="width:{left:.1f}%"></span>'
            f'<i style="left:{max(left - around, 0):.1f}%;width:{2 * around:.1f}%"></i></td>'
            f"<td>{score} ± {spread}</td><td>{error}</td></tr>"
        )
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{title}</th>' for title in ("model", "", "R²", "MAE"))
    caption = (
        f"R² from 0 to {SCALE}; the thin line is a standard deviation to each side. "
        "Blue: the networks of the course."
    )
    return (
        f'<table class="board"><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>\n"
    )


def with_boards(text: str, root: Path = ROOT) -> str:
    """Text with a table at each mark of results."""
    return re.sub(
        r"^<!-- results (\w+) -->\n",
        lambda mark: board(mark[1], root) + "\n",
        text,
        flags=re.MULTILINE,
    )
