"""The readiness quiz: its questions, every possible set of answers, and its answers file."""

import json
from collections import Counter
from itertools import product

import pytest
from pydantic import ValidationError

from triage_agent.advice.quiz import Quiz, load_quiz, read_answers, score
from triage_agent.errors import InputError

IDS = [question.id for question in load_quiz().questions]
ALL_TWOS = dict.fromkeys(IDS, 2)


def test_all_65536_answer_sets_get_their_points_their_score_and_their_verdicts():
    systems, data = IDS.index("systems"), IDS.index("data")
    seen = 0
    for points in product(range(4), repeat=8):
        result = score(dict(zip(IDS, points, strict=True)))
        total = sum(points)
        seen += 1
        assert result.raw == total
        assert abs(result.score * 24 - total * 100) < 1e-9
        assert result.passed is (total > 11)
        assert result.nothing_to_connect is (0 in (points[systems], points[data]))
        assert tuple(dimension.points for dimension in result.dimensions) == points
    assert seen == 65_536


def test_half_of_the_points_is_a_score_of_50_and_passes():
    twelve = dict(zip(IDS, [3, 3, 3, 3, 0, 0, 0, 0], strict=True))
    assert (score(twelve).raw, score(twelve).score, score(twelve).passed) == (12, 50.0, True)


def test_the_weak_dimensions_are_those_with_0_or_1_point_the_weakest_first():
    answers = ALL_TWOS | {"process": 1, "budget": 0, "team": 1, "governance": 3}
    weak = [(dimension.id, dimension.points) for dimension in score(answers).weak]
    assert weak == [("budget", 0), ("process", 1), ("team", 1)]


def test_each_dimension_carries_the_level_and_the_advice_of_the_answer_given():
    for points in range(4):
        result = score(dict.fromkeys(IDS, points))
        for dimension, question in zip(result.dimensions, load_quiz().questions, strict=True):
            answer = question.answers[points]
            assert (dimension.id, dimension.dimension) == (question.id, question.dimension)
            assert (dimension.level, dimension.advice) == (answer.level, answer.advice)


def test_the_order_of_the_answers_does_not_matter():
    answers = dict(zip(IDS, [0, 1, 2, 3, 0, 1, 2, 3], strict=True))
    assert score(dict(reversed(answers.items()))) == score(answers)


def test_the_quiz_asks_about_the_eight_dimensions():
    assert [question.dimension.casefold() for question in load_quiz().questions] == [
        "process clarity",
        "repetitive volume",
        "data",
        "systems and integrations",
        "team adoption",
        "leadership and ownership",
        "budget and measured return",
        "governance and risk",
    ]
    assert {"systems", "data"} <= set(IDS)  # rule D4 looks these two up


def test_no_question_offers_the_same_words_twice():
    for question in load_quiz().questions:
        for field in ("text", "level", "advice"):
            words = Counter(getattr(answer, field) for answer in question.answers)
            assert all(words), question.id
            assert max(words.values()) == 1, question.id


def test_a_quiz_with_two_questions_of_one_id_is_refused():
    question = load_quiz().questions[0]
    with pytest.raises(ValidationError, match="share an id"):
        Quiz(questions=(question,) * 8)


@pytest.mark.parametrize("count", [0, 7, 9])
def test_a_quiz_needs_exactly_eight_questions(count):
    questions = [q.model_copy(update={"id": f"{n}"}) for n, q in enumerate(load_quiz().questions)]
    questions.append(questions[0].model_copy(update={"id": "ninth"}))
    with pytest.raises(ValidationError):
        Quiz(questions=tuple(questions[:count]))


@pytest.mark.parametrize("absent", IDS)
def test_a_partial_set_of_answers_is_not_a_taken_quiz(absent):
    answers = {name: 2 for name in IDS if name != absent}
    with pytest.raises(InputError, match=f"no answer for {absent}") as caught:
        score(answers)
    assert "triage quiz --save" in caught.value.message


def test_an_unknown_dimension_is_an_error_that_names_it():
    with pytest.raises(InputError, match="unknown 'charisma'"):
        score(ALL_TWOS | {"charisma": 3})


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(-1, id="less than 0"),
        pytest.param(4, id="more than 3"),
        pytest.param(1.0, id="a float"),
        pytest.param(2.5, id="half a point"),
        pytest.param("2", id="a string"),
        pytest.param(True, id="a boolean"),
        pytest.param(None, id="nothing"),
        pytest.param([2], id="a list"),
    ],
)
def test_points_that_are_not_0_to_3_are_an_error_that_names_the_dimension(points):
    with pytest.raises(InputError, match="team"):
        score(ALL_TWOS | {"team": points})


def test_an_answers_file_is_read(tmp_path):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(ALL_TWOS), encoding="utf-8")
    assert read_answers(path) == score(ALL_TWOS)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "not valid JSON", id="an empty file"),
        pytest.param(b"{", "not valid JSON", id="a file cut off"),
        pytest.param(b"\xff\xfe\x00", "not valid JSON", id="a file that is not UTF-8"),
        pytest.param(b"[" * 100_000, "not valid JSON", id="a file nested too deep"),
        pytest.param(b"[1, 2]", "one JSON object", id="a list"),
        pytest.param(b"3", "one JSON object", id="a number"),
        pytest.param(b'{"data": 1}', "no answer for", id="a partial quiz"),
    ],
)
def test_an_answers_file_that_is_no_taken_quiz_is_an_input_error(tmp_path, content, says):
    path = tmp_path / "answers.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        read_answers(path)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("kind", ["a missing file", "a folder"])
def test_an_answers_file_that_cannot_be_opened_is_an_input_error_naming_it(tmp_path, kind):
    path = tmp_path / "answers.json"
    if kind == "a folder":
        path.mkdir()
    with pytest.raises(InputError, match=r"answers\.json cannot be read"):
        read_answers(path)
