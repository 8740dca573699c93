"""Charts as inline SVG: deterministic, without a script, a link or an id, in the page's colours.

Colours are CSS variables of the page (`--ink`, `--muted`, `--line`, `--chart-1` to `--chart-4`), so
that one picture serves light and dark; the fallbacks are for a page that defines none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from triage_agent.privacy import one_line

WIDTH = 440  # units of the drawing; small, so that text stays readable on a phone
FONT = 13
RADAR = 250
SIDE, ABOVE = 116, 46  # room for the names around a radar
LONG_NAME = 14  # letters; a longer name around a radar takes two lines
BAR = 28
MOST_SERIES = 8  # colours repeat after four
COLOURS = tuple(
    f"var(--chart-{number},{fallback})"
    for number, fallback in enumerate(("#0b5cad", "#b4530a", "#2c7a4b", "#7b3fa0"), start=1)
)
DROPPED = {"title", "desc", "script", "defs"}
STYLE = f"""
.chart{{font:{FONT}px system-ui,sans-serif}}
.chart text{{fill:var(--ink,#1a2027);stroke:none;font-size:{FONT}px}}
.chart .background{{fill:none}}
.chart .axis path{{fill:none;stroke:var(--line,#c9d0d8)}}
.chart .axis.y text{{text-anchor:end;fill:var(--muted,#55606c)}}
.chart .axis.x text,.chart .title{{text-anchor:middle;fill:var(--muted,#55606c)}}
.chart .axis.x.web text,.chart .horizontal .axis.y text{{fill:var(--ink,#1a2027)}}
.chart .series .line{{fill:none;stroke-width:2}}
.chart .radar-graph .series .line{{fill:{COLOURS[0]};fill-opacity:.15}}
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


def radar_chart(points: Mapping[str, int], most: int) -> str:
    """Return a radar of points (0 to `most`), one spoke per name, clockwise."""
    import pygal

    chart = pygal.Radar(**_settings(RADAR, RADAR), fill=True, range=(0, most), margin=0)
    names = [*points][:1] + [*points][:0:-1]  # as pygal draws against the clock
    chart.x_labels = names
    chart.y_labels = list(range(1, most + 1))
    chart.add("", [points[name] for name in names])
    root = _parsed(chart)
    for number, (label, name) in enumerate(zip(_names_around(root), names, strict=True)):
        _place_upright(label, name, number / len(names))
    description = ", ".join(f"{name} {value}" for name, value in points.items())
    return _finished(root, f"Radar chart, points of {most}: {description}", _box_around_plot(root))


def bar_chart(title: str, counts: Mapping[str, int]) -> str:
    """Return a bar for each count, the first one on top, with the count at its end."""
    import pygal

    counts = {one_line(name): count for name, count in counts.items()}
    most = max(counts.values(), default=0)
    chart = pygal.HorizontalBar(
        **_settings(WIDTH, BAR * max(1, len(counts)) + 8),
        range=(0, 1.12 * most or 1),  # room for the longest bar's count
        margin=0,
        spacing=4,
        show_x_labels=False,
        show_y_guides=False,
        print_values=True,
        print_values_position="top",
        formatter=lambda count: f"{count:,.0f}",
    )
    chart.x_labels = [*counts][::-1]
    chart.add("", [*counts.values()][::-1])
    root = _parsed(chart)
    bars = _of_class(root, "rect", "rect")
    ends = [float(bar.get("x", 0)) + float(bar.get("width", 0)) for bar in bars]
    for text, end in zip(_of_class(root, "text", "value"), ends, strict=True):
        text.attrib |= {"x": f"{end + 5:.1f}", "text-anchor": "start"}  # pygal's are on the bar
    description = ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "nothing"
    return _finished(root, f"Bar chart, {title}: {description}")


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


def _names_around(root: Element) -> list[Element]:
    """Return the texts at the spokes of a radar."""
    webs = _of_class(root, "g", "web")
    return list(next(web for web in webs if "x" in web.get("class", "").split()).iter("text"))


def _place_upright(label: Element, name: str, turn: float) -> None:
    """Put the name of a spoke upright; `turn` is 0 to 1 against the clock, from the top."""
    x, y = float(label.get("x", 0)), float(label.get("y", 0))
    halves = _halves(name)
    down = FONT - (FONT * 1.2 * (len(halves) - 1) + FONT) / 2  # centred on the end of the spoke
    if turn == 0:
        anchor, down = "middle", -FONT * 1.2 * (len(halves) - 1) - 11
    elif turn == 0.5:
        anchor, down = "middle", FONT + 2
    else:
        anchor, x = ("end", x - 5) if turn < 0.5 else ("start", x + 5)
    label.attrib = {"x": f"{x:.1f}", "y": f"{y + down:.1f}", "style": f"text-anchor:{anchor}"}
    label.text = None
    for number, half in enumerate(halves):
        SubElement(label, "tspan", x=f"{x:.1f}", dy="1.2em" if number else "0").text = half


def _halves(name: str) -> list[str]:
    """Return a name on one line, or on two where it is long.

    >>> _halves("Budget and measured return"), _halves("Data")
    (['Budget and', 'measured return'], ['Data'])
    """
    spaces = [place for place, letter in enumerate(name) if letter == " "]
    if len(name) < LONG_NAME or not spaces:
        return [name]
    middle = min(spaces, key=lambda place: abs(place - len(name) / 2))
    return [name[:middle], name[middle + 1 :]]


def _box_around_plot(root: Element) -> str:
    """Return the part of a radar to be seen: the plot, and the names around it."""
    plot = _of_class(root, "g", "plot")[0]
    left, top = (float(n) for n in re.findall(r"-?[\d.]+", plot.get("transform", "")))
    area = next(plot.iter("rect"))
    width, height = float(area.get("width", 0)), float(area.get("height", 0))
    return f"{left - SIDE:g} {top - ABOVE:g} {width + 2 * SIDE:g} {height + 2 * ABOVE:g}"


def _finished(root: Element, description: str, box: str = "") -> str:
    """Return the drawing as text, with its style and what it shows in words."""
    box = box or root.get("viewBox", "")
    root.attrib = {"class": "chart", "viewBox": box, "role": "img", "aria-label": description}
    style = Element("style")
    style.text = STYLE.replace("\n", "")
    root.insert(0, style)
    return tostring(root, encoding="unicode")
