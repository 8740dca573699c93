"""Charts as inline SVG: deterministic, without a script, a link or an id, in the page's colours.

Colours are CSS variables of the page (`--ink`, `--muted`, `--line`, `--chart-1` to `--chart-4`), so
that one picture serves light and dark; the fallbacks are for a page that defines none.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from triage_agent.privacy import one_line

WIDTH = 440  # units of the drawing; small, so that text stays readable on a phone
FONT = 13
GAP = 3  # between the parts of a meter, of 100
RADAR_HEIGHT, RADIUS = 320, 118
LABELS_AT, ABOVE = 1.1, 1.17  # times the radius: beside a point, and above or below it
LABEL_LETTERS = 14  # in a line
NEAR_AXIS = 0.2  # from here on a label stands beside its point, not above or below
MOST_SERIES = 8  # colours repeat after four
COLOURS = tuple(
    f"var(--chart-{number},{fallback})"
    for number, fallback in enumerate(("#0b5cad", "#b4530a", "#2c7a4b", "#7b3fa0"), start=1)
)
DROPPED = {"title", "desc", "script", "defs"}
CHART_STYLE = f"""
.chart{{font:{FONT}px system-ui,sans-serif}}
.chart text{{fill:var(--ink,#1a2027);stroke:none;font-size:{FONT}px}}
.chart .background{{fill:none}}
.chart .axis path{{fill:none;stroke:var(--line,#c9d0d8)}}
.chart .axis.y text{{text-anchor:end;fill:var(--muted,#55606c)}}
.chart .axis.x text,.chart .title{{text-anchor:middle;fill:var(--muted,#55606c)}}
.chart .series .line{{fill:none;stroke-width:2}}
.chart .ring{{fill:none;stroke:var(--line,#c9d0d8)}}
.chart .points{{fill:{COLOURS[0]};fill-opacity:.25;stroke:{COLOURS[0]};stroke-width:2}}
""" + "".join(
    f".chart .color-{n}{{stroke:{colour};fill:{colour}}}"
    for n, colour in enumerate(COLOURS * (MOST_SERIES // len(COLOURS)))
)


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: its points in drawing order, and how it is drawn."""

    name: str
    points: tuple[tuple[float, float], ...]
    dashed: bool = False
    dots: bool = True


def meter(value: float, most: float, parts: int = 1) -> str:
    """Return a horizontal bar, filled as far as `value` is of `most`; it may be cut into parts.

    It stands in a table beside its number, so that a screen reader passes over it.
    """
    width = (100 - GAP * (parts - 1)) / parts
    filled = parts * value / most if most else 0.0
    pieces = []
    for part in range(parts):
        x = part * (width + GAP)
        full = width * min(1.0, max(0.0, filled - part))
        pieces += [_block(x, width, "var(--line,#c9d0d8)"), _block(x, full, COLOURS[0])]
    return (
        '<svg class="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(pieces)}</svg>"
    )


def _block(x: float, width: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" width="{width:.1f}" height="10" fill="{colour}"/>'


def line_chart(
    title: str,
    x_title: str,
    y_title: str,
    series: Sequence[Series],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
) -> str:
    """Return lines through points; both ranges are drawn in full, whatever the points are."""
    import pygal

    chart = pygal.XY(
        **_settings(WIDTH, 340) | {"show_legend": True},
        xrange=x_range,
        range=y_range,
        x_title=x_title,
        y_title=y_title,
        legend_at_bottom=True,
        margin=12,
    )
    named = [one_line(one.name) for one in series]  # a control character is an error in XML
    for name, one in zip(named, series, strict=True):
        chart.add(name, list(one.points), show_dots=one.dots)
    root = _parsed(chart)
    for number, one in enumerate(series):
        for path in (p for g in _of_class(root, "g", f"serie-{number}") for p in g.iter("path")):
            path.attrib |= {"stroke-dasharray": "6 4"} if one.dashed else {}
    what = f"{title}: {y_title} over {x_title}, for {', '.join(named)}"
    return _finished(root, f"Line chart, {what}")


def radar_chart(title: str, points: Mapping[str, int], most: int) -> str:
    """Return points of 0 to `most` around a centre, one for each name; the page styles it.

    Drawn here: the charts of the library turn their labels, so that long ones cross each other.
    """
    root = Element("svg", viewBox=f"0 0 {WIDTH} {RADAR_HEIGHT}")
    spokes = [(math.sin(angle), -math.cos(angle)) for angle in _angles(len(points))]
    for ring in range(1, most + 1):
        _polygon(root, "ring", [(x * ring / most, y * ring / most) for x, y in spokes])
    for spoke in spokes:
        _polygon(root, "ring", [(0.0, 0.0), spoke])
    values = zip(spokes, points.values(), strict=True)
    _polygon(root, "points", [(x * value / most, y * value / most) for (x, y), value in values])
    for (x, y), name in zip(spokes, points, strict=True):
        anchor = "middle" if abs(x) < NEAR_AXIS else "start" if x > 0 else "end"
        away = ABOVE if anchor == "middle" else LABELS_AT
        _label(root, one_line(name), x * away, y * away, anchor)
    shown = ", ".join(f"{name} {value}" for name, value in points.items())
    return _finished(root, f"Radar chart, {title}, of {most}: {shown}", styled=False)


def _angles(count: int) -> list[float]:
    return [math.tau * number / count for number in range(count)]


def _polygon(root: Element, kind: str, corners: Sequence[tuple[float, float]]) -> None:
    """Add a closed line; corners are in units of the radius, from the centre."""
    placed = (f"{_across(x):.1f},{_down(y):.1f}" for x, y in corners)
    SubElement(root, "polygon", {"class": kind, "points": " ".join(placed)})


def _label(root: Element, name: str, x: float, y: float, anchor: str) -> None:
    """Add a name in lines that are short enough to stand beside the drawing."""
    lines = textwrap.wrap(name, LABEL_LETTERS)
    top = _down(y) - FONT * (len(lines) - 1) / 2 + FONT / 3
    for number, line in enumerate(lines):
        place = {"x": f"{_across(x):.1f}", "y": f"{top + FONT * number:.1f}"}
        SubElement(root, "text", {**place, "text-anchor": anchor}).text = line


def _across(x: float) -> float:
    return WIDTH / 2 + RADIUS * x


def _down(y: float) -> float:
    return RADAR_HEIGHT / 2 + RADIUS * y


def _settings(width: int, height: int) -> dict[str, Any]:
    """Return what all charts have in common."""
    from pygal.style import Style

    sizes = ("label", "major_label", "legend", "value", "title")
    return {
        "width": width,
        "height": height,
        "show_legend": False,
        "truncate_label": -1,
        "truncate_legend": -1,
        "js": (),
        "css": (),
        "style": Style(**{f"{name}_font_size": FONT for name in sizes}),
    }


def _parsed(chart: Any) -> Element:
    """Return the drawing as elements without a namespace, and without what a page needs not."""
    root = fromstring(chart.render())  # noqa: S314  (it was made here, of escaped names)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib.pop("id", None)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in DROPPED or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    return root


def _of_class(root: Element, tag: str, name: str) -> list[Element]:
    """Return the elements with this tag and class."""
    return [one for one in root.iter(tag) if name in one.get("class", "").split()]


def _finished(root: Element, description: str, *, styled: bool = True) -> str:
    """Return the drawing as text, with what it shows in words, and its style if it has its own."""
    box = root.get("viewBox", "")
    root.attrib = {"class": "chart", "viewBox": box, "role": "img", "aria-label": description}
    if styled:
        style = Element("style")
        style.text = CHART_STYLE.replace("\n", "")
        root.insert(0, style)
    return tostring(root, encoding="unicode")
