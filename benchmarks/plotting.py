"""Draws the lines of benchmarks/fairness.py as a PNG, with Pillow alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

COLOURS = ("#0b6e4f", "#c8553d", "#8d6a9f", "#588b8b", "#d9a441")
INK, FAINT, PAPER = "#22223b", "#d7d7e0", "#ffffff"
WIDTH, HEIGHT = 760, 470
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 96, 56
LINE = 3
TICK_FONT, TITLE_FONT = ImageFont.load_default(14), ImageFont.load_default(19)


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one axis from left to right; `lines` by name, each from x = 0 to `last`.

    `ticks` are the values marked at the left; with `log` their distances are logarithmic.
    """

    title: str
    below: str
    last: int
    ticks: Sequence[float]
    lines: Mapping[str, Sequence[float]]
    log: bool = False


def draw(panels: Sequence[Panel], names: Sequence[str], to: Path) -> None:
    """One panel beside the other; a name has the same colour everywhere."""
    image = Image.new("RGB", (WIDTH * len(panels), HEIGHT), PAPER)
    canvas = ImageDraw.Draw(image)
    for place, panel in enumerate(panels):
        _Panel(canvas, panel, place * WIDTH).draw(names)
    to.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(64).save(to, optimize=True)


class _Panel:
    def __init__(self, canvas: ImageDraw.ImageDraw, panel: Panel, offset: int) -> None:
        self._canvas, self._panel, self._offset = canvas, panel, offset

    def draw(self, names: Sequence[str]) -> None:
        panel, canvas = self._panel, self._canvas
        canvas.text((self._offset + LEFT, 14), panel.title, INK, TITLE_FONT)
        for value in panel.ticks:
            y = self._y(value)
            canvas.line([(self._x(0), y), (self._x(1), y)], FAINT)
            canvas.text((self._x(0) - 10, y), f"{value:g}", INK, TICK_FONT, anchor="rm")
        middle = (self._x(0) + self._x(1)) / 2
        canvas.text((middle, HEIGHT - 22), panel.below, INK, TICK_FONT, anchor="mm")
        for end, text in ((0, "0"), (1, f"{panel.last:,}")):
            canvas.text((self._x(end), HEIGHT - BOTTOM + 12), text, INK, TICK_FONT, anchor="mm")
        shown = [pair for pair in zip(names, COLOURS, strict=True) if pair[0] in panel.lines]
        for name, colour in reversed(shown):  # the first lies on top
            self._line(panel.lines[name], colour)
        for place, (name, colour) in enumerate(shown):
            self._legend(name, colour, place)

    def _line(self, values: Sequence[float], colour: str) -> None:
        steps = max(1, len(values) - 1)
        points = [(self._x(n / steps), self._y(value)) for n, value in enumerate(values)]
        self._canvas.line(points, colour, LINE, joint="curve")

    def _legend(self, name: str, colour: str, place: int) -> None:
        x, y = self._offset + LEFT + (place % 2) * 320, 46 + (place // 2) * 20
        self._canvas.line([(x, y + 8), (x + 22, y + 8)], colour, LINE)
        self._canvas.text((x + 30, y), name, INK, TICK_FONT)

    def _x(self, share: float) -> float:
        return self._offset + LEFT + share * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        low, high = self._scaled(self._panel.ticks[0]), self._scaled(self._panel.ticks[-1])
        share = (self._scaled(value) - low) / (high - low)
        return HEIGHT - BOTTOM - min(1.0, max(0.0, share)) * (HEIGHT - TOP - BOTTOM)

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self._panel.log else value
