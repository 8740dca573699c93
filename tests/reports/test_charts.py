"""Charts for a page: the same every time, with nothing that leads out of the page."""

import re
import subprocess
import sys
from xml.etree.ElementTree import fromstring

import pytest
from tinyhtml5.parser import HTMLParser

from support.hostile import HOSTILE, steering
from triage_agent.advice.quiz import load_quiz
from triage_agent.reports.charts import COLOURS, Series, bar_chart, line_chart, radar_chart

POINTS = {question.dimension: n % 4 for n, question in enumerate(load_quiz().questions)}
SERIES = (
    Series("embedded", ((0.1, 1.0), (0.5, 0.97), (1.0, 0.9))),
    Series("perfect", ((0.0, 0.0), (1.0, 1.0)), dashed=True, dots=False),
)
MAKE = {
    "radar": lambda: radar_chart(POINTS, 3),
    "bars": lambda: bar_chart("labels", {"automate-process": 1234, "error": 1}),
    "lines": lambda: line_chart("Risk", "coverage", "accuracy", SERIES, (0, 1), (0.5, 1)),
}


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_chart_is_the_same_every_time(make):
    assert make() == make()


def test_a_chart_is_the_same_in_another_process():
    code = "from triage_agent.reports import bar_chart; print(bar_chart('x', {'a': 1}), end='')"
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    assert other.decode() == bar_chart("x", {"a": 1})


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_chart_holds_no_link_no_script_no_id_no_date_and_no_namespace(make):
    svg = make()
    assert not re.search(r"http|url\(|@import|<script|xmlns|href|<!--|pygal|\bid=", svg, re.I)
    assert not re.search(r"\b20\d\d\b", svg)


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_chart_is_an_image_with_its_content_in_words_and_valid_in_a_page(make):
    svg = make()
    root = fromstring(svg)  # noqa: S314
    assert (root.tag, root.get("role")) == ("svg", "img")
    assert root.get("aria-label")
    parser = HTMLParser()
    parser.parse(f'<!DOCTYPE html><html lang="en"><title>x</title><figure>{svg}</figure></html>')
    assert parser.errors == []


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_every_colour_is_a_variable_of_the_page(make):
    svg = make()
    painted = re.findall(r"(?:fill|stroke):([^;}]+)", svg)
    assert painted
    assert all(paint.startswith("var(--") or paint == "none" for paint in painted)
    assert not re.search(r'\b(?:fill|stroke)="', svg)


def test_a_radar_says_and_draws_the_points_of_each_dimension_clockwise():
    svg = radar_chart({"North": 3, "East": 1, "South": 0, "West": 2}, 3)
    assert 'aria-label="Radar chart, points of 3: North 3, East 1, South 0, West 2"' in svg
    root = fromstring(svg)  # noqa: S314
    names = {text.find("tspan").text: text for text in root.iter("text") if len(text)}
    x = {name: float(text.get("x")) for name, text in names.items()}
    y = {name: float(text.get("y")) for name, text in names.items()}
    assert x["West"] < x["North"] == x["South"] < x["East"]
    assert y["North"] < y["East"] == y["West"] < y["South"]
    drawn = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter("circle")]
    north, west, south, east = drawn
    step = (south[1] - north[1]) / 3
    assert west == pytest.approx((south[0] - 2 * step, south[1]))
    assert east == pytest.approx((south[0] + step, south[1]))


def test_a_long_name_takes_two_lines():
    svg = radar_chart(POINTS, 3)
    assert ">Budget and</tspan>" in svg
    assert ">measured return</tspan>" in svg
    assert ">Data</tspan>" in svg


def test_bars_stand_in_the_order_given_with_their_counts_at_their_ends():
    svg = bar_chart("x", {"most": 1234, "few": 10})
    root = fromstring(svg)  # noqa: S314
    rects = [one for one in root.iter("rect") if "rect" in one.get("class", "").split()]
    ends = {float(one.get("y")): float(one.get("x")) + float(one.get("width")) for one in rects}
    counts = {t.text: (float(t.get("x")), float(t.get("y"))) for t in root.iter("text")}
    assert counts["most"][1] < counts["few"][1]
    assert counts["1,234"][1] < counts["10"][1]
    assert counts["1,234"][0] == pytest.approx(ends[min(ends)] + 5, abs=0.1)
    assert counts["10"][0] == pytest.approx(ends[max(ends)] + 5, abs=0.1)
    assert 'aria-label="Bar chart, x: most 1,234, few 10"' in svg


def test_bars_without_a_count_say_so():
    assert 'aria-label="Bar chart, x: nothing"' in bar_chart("x", {})
    assert ">0<" in bar_chart("x", {"none": 0})


def test_a_dashed_line_is_dashed_and_a_line_without_dots_has_none():
    root = fromstring(MAKE["lines"]())  # noqa: S314
    paths = {
        group.get("class").split()[1]: [path.get("stroke-dasharray") for path in group.iter("path")]
        for group in root.iter("g")
        if group.get("class", "").startswith("series") and list(group.iter("path"))
    }
    assert paths == {"serie-0": [None], "serie-1": ["6 4"]}
    assert len(list(root.iter("circle"))) == 3


def test_names_are_text_whatever_they_hold():
    svg = bar_chart('a "b" <c>', {"<script>alert('x')</script> & \"": 1})
    root = fromstring(svg)  # noqa: S314
    assert "<script" not in svg
    assert "<script>alert('x')</script> & \"" in [text.text for text in root.iter("text")]
    assert root.get("aria-label").startswith('Bar chart, a "b" <c>: <script>')


def test_each_of_eight_lines_has_a_colour():
    many = [Series(str(n), ((0, n), (1, n))) for n in range(8)]
    svg = line_chart("x", "a", "b", many, (0, 1), (0, 7))
    for n in range(8):
        assert f'class="series serie-{n} color-{n}"' in svg
        assert f".color-{n}{{stroke:{COLOURS[n % 4]};" in svg


def test_a_hostile_name_breaks_no_chart_and_is_clean_in_it():
    one = Series(f"model {HOSTILE}", ((0.0, 0.5), (1.0, 1.0)))
    for svg in (
        line_chart("Risk", "coverage", "accuracy", [one], (0, 1), (0.5, 1)),
        bar_chart("labels", {HOSTILE: 1, "b": 2}),
    ):
        assert steering(svg) == set()
