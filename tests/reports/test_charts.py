"""Charts for a page: the same every time, with nothing that leads out of the page."""

import re
import subprocess
import sys
from xml.etree.ElementTree import fromstring

import pytest
from tinyhtml5.parser import HTMLParser

from support.hostile import HOSTILE, steering
from triage_agent.reports.charts import CHART_STYLE, COLOURS, Series, line_chart, meter, radar_chart

SERIES = (
    Series("embedded", ((0.1, 1.0), (0.5, 0.97), (1.0, 0.9))),
    Series("perfect", ((0.0, 0.0), (1.0, 1.0)), dashed=True, dots=False),
)
MAKE = {
    "meter": lambda: meter(2, 3, 3),
    "radar": lambda: radar_chart("Quiz", {"Data": 0, "Team adoption": 3, "Budget & return": 2}, 3),
    "lines": lambda: line_chart("Risk", "coverage", "accuracy", SERIES, (0, 1), (0.5, 1)),
}


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_chart_is_the_same_every_time(make):
    assert make() == make()


def test_a_chart_is_the_same_in_another_process():
    code = (
        "from triage_agent.reports import Series, line_chart; "
        "one = Series('a', ((0, 0), (1, 1))); "
        "print(line_chart('x', 'a', 'b', [one], (0, 1), (0, 1)), end='')"
    )
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    one = Series("a", ((0, 0), (1, 1)))
    assert other.decode() == line_chart("x", "a", "b", [one], (0, 1), (0, 1))


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_chart_holds_no_link_no_script_no_id_no_date_and_no_namespace(make):
    svg = make()
    assert not re.search(r"http|url\(|@import|<script|xmlns|href|<!--|pygal|\bid=", svg, re.I)
    assert not re.search(r"\b20\d\d\b", svg)


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_chart_is_valid_in_a_page(make):
    svg = make()
    parser = HTMLParser()
    parser.parse(f'<!DOCTYPE html><html lang="en"><title>x</title><figure>{svg}</figure></html>')
    assert parser.errors == []


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_every_colour_is_a_variable_of_the_page(make):
    painted = re.findall(r'\b(?:fill|stroke)(?::|=")([^;}"]+)', make() + CHART_STYLE)
    assert painted
    assert all(paint.startswith("var(--") or paint == "none" for paint in painted)


@pytest.mark.parametrize(
    ("value", "most", "parts", "filled"),
    [
        pytest.param(0, 3, 3, [0, 0, 0], id="none of three"),
        pytest.param(2, 3, 3, [100, 100, 0], id="two of three"),
        pytest.param(3, 3, 3, [100, 100, 100], id="three of three"),
        pytest.param(1, 4, 1, [25], id="a quarter"),
        pytest.param(0, 0, 1, [0], id="none of nothing"),
    ],
)
def test_a_meter_is_filled_as_far_as_its_value_is_of_the_most(value, most, parts, filled):
    rects = [*fromstring(meter(value, most, parts)).iter("rect")]  # noqa: S314
    tracks, fills = ([float(one.get("width")) for one in rects[n::2]] for n in (0, 1))
    assert [round(100 * fill / track) for fill, track in zip(fills, tracks, strict=True)] == filled
    ends = [float(one.get("x")) + float(one.get("width")) for one in rects[::2]]
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(100, abs=0.2)


def test_a_meter_is_passed_over_by_a_screen_reader_since_its_number_stands_beside_it():
    assert fromstring(meter(1, 3)).get("aria-hidden") == "true"  # noqa: S314


def test_a_dashed_line_is_dashed_and_a_line_without_dots_has_none():
    root = fromstring(MAKE["lines"]())  # noqa: S314
    paths = {
        group.get("class").split()[1]: [path.get("stroke-dasharray") for path in group.iter("path")]
        for group in root.iter("g")
        if group.get("class", "").startswith("series") and list(group.iter("path"))
    }
    assert paths == {"serie-0": [None], "serie-1": ["6 4"]}
    assert len(list(root.iter("circle"))) == 3


def test_a_line_chart_is_an_image_with_its_content_in_words():
    root = fromstring(MAKE["lines"]())  # noqa: S314
    assert (root.tag, root.get("role")) == ("svg", "img")
    assert root.get("aria-label").startswith("Line chart, Risk: accuracy over coverage")


def test_names_are_text_whatever_they_hold():
    name = "<script>alert('x')</script> & \""
    svg = line_chart('a "b" <c>', "x", "y", [Series(name, ((0, 0), (1, 1)))], (0, 1), (0, 1))
    root = fromstring(svg)  # noqa: S314
    assert "<script" not in svg
    assert name in [text.text for text in root.iter("text")]
    assert root.get("aria-label").startswith('Line chart, a "b" <c>: y over x, for <script>')


def test_each_of_eight_lines_has_a_colour():
    many = [Series(str(n), ((0, n), (1, n))) for n in range(8)]
    svg = line_chart("x", "a", "b", many, (0, 1), (0, 7))
    for n in range(8):
        assert f'class="series serie-{n} color-{n}"' in svg
        assert f".color-{n}{{stroke:{COLOURS[n % 4]};" in svg


def test_a_hostile_name_breaks_no_chart_and_is_clean_in_it():
    one = Series(f"model {HOSTILE}", ((0.0, 0.5), (1.0, 1.0)))
    svg = line_chart("Risk", "coverage", "accuracy", [one], (0, 1), (0.5, 1))
    assert steering(svg) == set()
