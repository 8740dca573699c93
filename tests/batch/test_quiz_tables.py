"""Tables with quiz answers: what scale they are in, and what the rows score."""

import pytest

from triage_agent.advice.quiz import load_quiz
from triage_agent.batch.form import FormReading, read_form
from triage_agent.batch.input_columns import Columns, resolve_columns
from triage_agent.batch.profile_columns import quiz_scale
from triage_agent.tables import Row

QUESTIONS = load_quiz().questions
PROBLEM = "We lose leads every day because nobody follows up fast enough"
NAMES = {
    "key": lambda q: q.id,
    "prefixed": lambda q: f"quiz_{q.id}",
    "question": lambda q: f"4. {q.question}",
    "dimension": lambda q: q.dimension,
}


def words(points, what):
    return [getattr(question.answers[points], what) for question in QUESTIONS]


# Name of the columns, rows of eight answers, --quiz-scale, the raw scores (None: not taken).
TABLES = [
    ("key", [[0] * 8], None, [0]),
    ("key", [[2] * 8], None, [None]),
    ("key", [[4] * 8], None, [24]),
    ("key", [[1] * 8, [4] * 8], None, [0, 24]),
    ("prefixed", [["1"] * 8, ["0"] * 8], None, [8, 0]),
    ("prefixed", [["1.0"] * 8, ["4.0"] * 8], None, [0, 24]),
    ("question", [[3] * 8], None, [None]),
    ("question", [[3] * 8], "0-3", [24]),
    ("question", [[3] * 8], "1-4", [16]),
    ("dimension", [[1, 2, 3, 1, 2, 3, 1, 2]], "1-4", [7]),
    ("dimension", [[1, 2, 3, 1, 2, 3, 1, 2]], "0-3", [15]),
    ("dimension", [[1, 2, 3, 1, 2, 3, 1, 2]], None, [None]),
    ("key", [[0] * 8, [4] * 8], None, [None, None]),
    ("key", [[0] + [2] * 7], None, [14]),
    ("key", [[4] + [2] * 7], None, [10]),
    ("question", [words(2, "text")], None, [16]),
    ("dimension", [words(1, "level")], None, [8]),
    ("question", [[text.upper() for text in words(2, "text")]], None, [16]),
    ("question", [[text.casefold() for text in words(2, "text")]], None, [16]),
    ("question", [[f"C) {text.title()}" for text in words(2, "text")]], None, [16]),
    ("prefixed", [[f"{text}" for text in words(3, "text")], [2] * 8], None, [24, None]),
    ("key", [[2] * 7 + [None]], "0-3", [None]),
    ("key", [["3 points"] * 8, [0] * 8], None, [24, 0]),
]


@pytest.mark.parametrize(("name", "answers", "scale", "scores"), TABLES)
def test_quiz_columns_are_read_in_their_scale(name, answers, scale, scores):
    columns = ["problem", *map(NAMES[name], QUESTIONS)]
    rows = [
        Row(number, dict(zip(columns, [PROBLEM, *row], strict=True)))
        for number, row in enumerate(answers, start=2)
    ]
    found, _ = resolve_columns(columns, rows)
    known, _ = quiz_scale(found, rows, scale)
    reading = FormReading(columns=found, quiz_scale=known)
    forms = [read_form(row, reading) for row in rows]
    assert [form.quiz and form.quiz.raw for form in forms] == scores
    for form, score in zip(forms, scores, strict=True):
        assert (score is not None) or form.complaints


@pytest.mark.parametrize(
    ("answers", "said", "not_said"),
    [
        pytest.param([0, 4], "Write 0 (the lowest) to 3", "--quiz-scale", id="0 and 4"),
        pytest.param([1, 3], "--quiz-scale 0-3 or --quiz-scale 1-4", "Write 0", id="either"),
    ],
)
def test_the_way_out_for_an_unclear_scale_is_one_that_works(answers, said, not_said):
    columns = Columns(("Problem",), quiz={one.id: one.dimension for one in load_quiz().questions})
    rows = [Row(n, dict.fromkeys(columns.quiz.values(), one)) for n, one in enumerate(answers)]
    scale, notes = quiz_scale(columns, rows)
    assert scale == "unclear"
    assert said in notes[0]
    assert not_said not in notes[0]


def test_a_partial_quiz_is_not_asked_for_its_scale():
    columns = Columns(("Problem",), quiz={"data": "Data"})
    assert quiz_scale(columns, [Row(2, {"Data": 1})]) == ("unclear", ())
