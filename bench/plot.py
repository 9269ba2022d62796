"""
A plot of how a figure grows with the number of sessions, as SVG.

Two lines, one of the proxy and one of the plain relay; sessions stand on a logarithmic axis.
"""

from collections.abc import Sequence
from math import log10

WIDTH, HEIGHT, EDGE = 640, 360, 56
FIGURE = "CPU us a message"
COLOURS = {"proxy": "#b3541e", "plain": "#3b6ea5"}


def drawn(medians: dict[str, dict[str, float]], sessions: Sequence[int]) -> str:
    """The SVG."""
    found = {name: [row[f"paced {count}: {FIGURE}"] for count in sessions] for name, row in medians.items()}
    most = max(max(values) for values in found.values()) * 1.1

    def x(count: int) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * log10(count) / log10(max(sessions))

    def y(value: float) -> float:
        return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / most

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{EDGE}" y="24">CPU µs a message, by how many sessions speak</text>',
        f'<path d="M{EDGE} {EDGE}V{HEIGHT - EDGE}H{WIDTH - EDGE}" fill="none" stroke="#888"/>',
    ]
    below = HEIGHT - EDGE + 18
    parts += [f'<text x="{x(count):.0f}" y="{below}" text-anchor="middle">{count}</text>' for count in sessions]
    marks = (most / 4, most / 2, most * 3 / 4, most)
    parts += [f'<text x="{EDGE - 8}" y="{y(mark) + 4:.0f}" text-anchor="end">{mark:.0f}</text>' for mark in marks]
    for name, values in found.items():
        points = " ".join(f"{x(count):.1f},{y(value):.1f}" for count, value in zip(sessions, values, strict=True))
        colour = COLOURS[name]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{WIDTH - EDGE + 6}" y="{y(values[-1]) + 4:.0f}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
