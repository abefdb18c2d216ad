"""Plots as SVG text: small, in grey and black, readable without colour, the same bytes every time."""

import math
from collections.abc import Callable, Sequence
from html import escape

INK, FAINT, FILL = "#1a1a1a", "#8a8f94", "#c9ced3"
ROW = 12  # from one label of a mark to the next
FONT = 'font-family="\'DejaVu Sans Mono\',monospace" font-size="10"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(x: float, y: float, text: str, anchor: str = "start", more: str = "") -> str:
    place = f'x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}" {more}'.rstrip()
    return f'<text {place} fill="{INK}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, extra: str = "") -> str:
    ends = f'x1="{_number(x1)}" y1="{_number(y1)}" x2="{_number(x2)}" y2="{_number(y2)}"'
    return f'<line {ends} stroke="{INK}" {extra}/>'


def _bar(x: float, y: float, width: float, height: float, style: str) -> str:
    place = f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'
    return f"<rect {place} {style}/>"


def _svg(width: int, height: int, label: str, parts: list[str]) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    about = f'role="img" aria-label="{escape(label, quote=True)}" {FONT}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {about}>{"".join(parts)}</svg>'


def number(value: float) -> str:
    """A time or a count for people: three digits below a thousand, above it whole, in groups of three."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def histogram(
    bins: Sequence[Sequence[float]],
    marks: Sequence[tuple[str, float]],
    unit: str,
    title: str,
) -> str:
    """Bars of count over time, both on log scales; bins are [upper edge, count], marks (name, time).

    Each bin begins where the one before it ends; a first one with none before it is as wide as the next.
    """
    width, height, left, right, bottom = 680, 268, 84, 140, 44
    top = 10 + ROW * len(marks)
    used = [(float(edge), float(count)) for edge, count in bins if edge > 0]
    filled = [i for i, (_, count) in enumerate(used) if count > 0]
    if not filled:
        return ""
    low = _lower(used, filled[0])
    high = max([used[filled[-1]][0], low * 1.1, *(time for _, time in marks)]) * 1.03
    decades = max(1, math.ceil(math.log10(max(count for _, count in used) + 1)))

    def x(time: float) -> float:
        return left + math.log(max(time, low) / low) / math.log(high / low) * (width - left - right)

    def y(count: float) -> float:
        share = math.log10(max(count, 0.5) * 2) / math.log10(2 * 10.0**decades)
        return height - bottom - share * (height - top - bottom)

    base, end = height - bottom, width - right
    parts = []
    for power in range(0, decades + 1, 1 + decades // 5):
        parts.append(_line(left, y(10**power), end, y(10**power), 'stroke-width=".5" opacity=".25"'))
        parts.append(_text(left - 6, y(10**power) + 3, number(10.0**power), "end"))
    for i in filled:
        edge = max(used[i - 1][0], low) if i else low
        wide = max(x(used[i][0]) - x(edge), 1.0)
        style = f'fill="{FILL}" stroke="{INK}" stroke-width=".6"'
        parts.append(_bar(x(edge), y(used[i][1]), wide, base - y(used[i][1]), style))
    parts.append(_line(left, base, end, base))
    parts += _ticks(low, high, x, base)
    parts += _marks(marks, unit, x, base)
    parts.append(_text((left + end) / 2, height - 6, f"time in {unit}, on a logarithmic axis", "middle"))
    about = f'transform="rotate(-90 11 {_number((top + base) / 2)})"'
    parts.append(_text(11, (top + base) / 2, "count in a bin, log axis", "middle", about))
    return _svg(width, height, title, parts)


def _lower(used: Sequence[tuple[float, float]], first: int) -> float:
    """Where the first bin that holds a time begins."""
    edge = used[first][0]
    if first > 0:
        return used[first - 1][0]
    wide = used[1][0] - edge if len(used) > 1 else edge / 16
    return edge - wide if 0 < wide < edge else edge * 15 / 16


def _ticks(low: float, high: float, place: Callable[[float], float], base: float) -> list[str]:
    parts = []
    crowded = math.log10(high / low) > 2.5
    last = -1e9
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for step in (1,) if crowded else (1, 2, 5):
            time = step * 10.0**power
            text = number(time)
            if low <= time <= high and place(time) - last > 6.2 * len(text) + 8:
                last = place(time)
                parts += [_line(last, base, last, base + 4), _text(last, base + 15, text, "middle")]
    return parts


def _marks(
    marks: Sequence[tuple[str, float]], unit: str, place: Callable[[float], float], base: float
) -> list[str]:
    """Each mark's label stands right of its line, in a row of its own: no later line is as tall."""
    parts = []
    for row, (name, time) in enumerate(sorted(marks, key=lambda mark: mark[1])):
        here, top = place(time), 4 + ROW * row
        dash = "" if name == "deadline" else 'stroke-dasharray="3 3"'
        parts.append(_line(here, top, here, base, f'stroke-width="1" {dash}'))
        parts.append(_text(here + 4, top + 8, f"{name} {number(time)} {unit}"))
    return parts


def bounds(rows: Sequence[tuple[str, float, float, float | None, float | None]], title: str) -> str:
    """Per row the proved interval (outline) and what an adversary reached (filled bar), each to one scale."""
    width, left, right, line = 680, 150, 30, 18
    if not rows:
        return ""
    low = min(min(row[1] for row in rows), 0.0)
    high = max(max(row[2] for row in rows), 0.0)
    span = (high - low) or 1.0
    height = line * len(rows) + 30

    def x(value: float) -> float:
        return left + (value - low) / span * (width - left - right)

    parts = [_line(x(0.0), 4, x(0.0), height - 22, 'stroke-width=".5"')]
    for i, (name, bottom, top, reached_low, reached_high) in enumerate(rows):
        y = 6 + i * line
        parts.append(_text(left - 8, y + 9, name, "end"))
        if reached_low is not None and reached_high is not None:
            wide = max(x(reached_high) - x(reached_low), 1.0)
            parts.append(_bar(x(reached_low), y + 3, wide, 6, f'fill="{FAINT}"'))
        parts.append(_bar(x(bottom), y, x(top) - x(bottom), 12, f'fill="none" stroke="{INK}"'))
    ends = [value for value in (low, high) if value != 0.0]
    apart = all(abs(x(value) - x(0.0)) > 52 for value in ends)
    for value in [*ends, *([0.0] if apart or not ends else [])]:
        parts.append(_text(x(value), height - 6, f"{value:.3g}", "middle"))
    return _svg(width, height, title, parts)
