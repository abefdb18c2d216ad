"""Plots as SVG text: small, in grey and black, readable without colour, the same bytes every time."""

import math
from collections.abc import Callable, Sequence
from html import escape

INK, FAINT, FILL = "#1a1a1a", "#8a8f94", "#c9ced3"
FONT = 'font-family="\'DejaVu Sans Mono\',monospace" font-size="10"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    place = f'x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}"'
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


def short(value: float) -> str:
    """A count or a time in at most six characters."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if suffix == 'k' else size):.3g}{suffix}"
    return f"{value:.4g}"


def histogram(
    bins: Sequence[Sequence[float]],
    marks: Sequence[tuple[str, float]],
    unit: str,
    title: str,
) -> str:
    """Bars of count over time, both on log scales; bins are [upper edge, count], marks (name, time)."""
    width, height, left, top, bottom = 680, 240, 52, 46, 38
    used = [(float(edge), float(count)) for edge, count in bins if edge > 0]
    if not any(count for _, count in used):
        return ""
    filled = [i for i, (_, count) in enumerate(used) if count > 0]
    low = used[filled[0] - 1][0] if filled[0] > 0 else used[filled[0]][0] / 2
    high = max([used[filled[-1]][0], *(time for _, time in marks)]) * 1.05
    most = max(count for _, count in used)
    decades = max(1, math.ceil(math.log10(most + 1)))

    def x(time: float) -> float:
        share = math.log(max(time, low) / low) / math.log(high / low)
        return left + share * (width - left - 12)

    def y(count: float) -> float:
        return (
            height
            - bottom
            - math.log10(max(count, 0.5) * 2) / math.log10(2 * 10.0**decades) * (height - top - bottom)
        )

    parts = []
    for power in range(0, decades + 1, 1 + decades // 5):
        parts.append(_line(left, y(10**power), width - 12, y(10**power), 'stroke-width=".5" opacity=".25"'))
        parts.append(_text(left - 6, y(10**power) + 3, short(10.0**power), "end"))
    edge = low
    for upper, count in used:
        if count > 0:
            wide = max(x(upper) - x(edge), 1.0)
            tall = height - bottom - y(count)
            parts.append(
                _bar(x(edge), y(count), wide, tall, f'fill="{FILL}" stroke="{INK}" stroke-width=".6"')
            )
        edge = max(upper, low)
    parts.append(_line(left, height - bottom, width - 12, height - bottom))
    parts += _ticks(low, high, x, height - bottom)
    parts += _marks(marks, x, height - bottom)
    parts.append(_text(width - 12, height - 4, f"{unit}, log scale; counts, log scale", "end"))
    return _svg(width, height, title, parts)


def _ticks(low: float, high: float, place: Callable[[float], float], base: float) -> list[str]:
    parts = []
    crowded = math.log10(high / low) > 2.5
    last = -1e9
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for step in (1,) if crowded else (1, 2, 5):
            time = step * 10.0**power
            if low <= time <= high and place(time) - last > 34:
                last = place(time)
                parts += [_line(last, base, last, base + 4), _text(last, base + 15, short(time), "middle")]
    return parts


def _marks(marks: Sequence[tuple[str, float]], place: Callable[[float], float], base: float) -> list[str]:
    parts = []
    row_end = [-1e9, -1e9, -1e9]
    for name, time in sorted(marks, key=lambda mark: mark[1]):
        here = place(time)
        text = f"{name} {short(time)}"
        half = len(text) * 3.1
        centre = min(max(here, 52 + half), 668 - half)
        row = next((i for i, end in enumerate(row_end) if centre - half > end + 6), 2)
        row_end[row] = centre + half
        dash = "" if name == "deadline" else 'stroke-dasharray="3 3"'
        parts.append(_line(here, 14 + 12 * row, here, base, f'stroke-width="1" {dash}'))
        parts.append(_text(centre, 11 + 12 * row, text, "middle"))
    return parts


def bounds(rows: Sequence[tuple[str, float, float, float | None, float | None]], title: str) -> str:
    """Per row the proved interval (outline) and what an adversary reached (filled bar), each to one scale."""
    width, left, right, line = 680, 150, 24, 18
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
    for value in sorted({low, 0.0, high}):
        parts.append(_text(x(value), height - 6, f"{value:.3g}", "middle"))
    return _svg(width, height, title, parts)
