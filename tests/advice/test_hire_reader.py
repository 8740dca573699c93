"""Red flags proposed from free text: the model, the figures about it, and its examples."""

import asyncio
import json
import re

import pytest

from triage_agent.advice.hire_check import FlagReading, Proposal
from triage_agent.advice.hire_reader import EmbeddedFlagModel
from triage_agent.advice.red_flags import load_red_flags
from triage_agent.advice.roles import Role
from triage_agent.errors import InputError
from triage_agent.evals.flags import evaluate_flags, read_flag_cases, score_flags
from triage_agent.evals.summary import plain, rounded
from triage_agent.files import folder
from triage_agent.training.examples import load_flag_texts

CTO, AI = Role.FRACTIONAL_CTO, Role.FRACTIONAL_AI_OFFICER
EXAMPLES = folder("prompts") / "training"
CASES = folder("evals") / "red_flags.jsonl"
IDS = [flag.id for flag in load_red_flags()]


@pytest.fixture(scope="module")
def model():
    return EmbeddedFlagModel()


class TestProposing:
    @pytest.mark.parametrize(
        ("text", "role", "flag"),
        [
            ("Our AI officer wants to rebuild the whole stack", AI, "rebuilds-the-stack"),
            (
                "Instead of a system he keeps sending one-off scripts",
                CTO,
                "scripts-instead-of-systems",
            ),
            ("After 75 days there is nothing to measure", AI, "no-result-in-60-days"),
            (
                "Most of her hours go into meetings, few into building",
                CTO,
                "meetings-over-building",
            ),
            ("He gets a commission from the vendor he recommends", AI, "financial-ties"),
            ("I asked for plain words and got only jargon again", CTO, "no-plain-english"),
            (
                "Her projects bring in no revenue and save no costs, they are toys",
                AI,
                "no-revenue-or-cost",
            ),
        ],
    )
    def test_each_flag_in_its_own_words_is_proposed(self, model, text, role, flag):
        assert flag in [proposal.flag for proposal in model.read(text, role).proposals]

    @pytest.mark.parametrize(
        ("text", "role", "flags"),
        [
            (
                (
                    "He rebuilds the whole stack, spends his days in meetings, gets a commission "
                    "from the vendor he recommends, and cannot explain his work in plain words."
                ),
                AI,
                "rebuilds-the-stack meetings-over-building financial-ties no-plain-english",
            ),
            (
                (
                    "After three months there is no result, she is in meetings all day, she earns "
                    "a commission on the tools she recommends and nobody understands what she says."
                ),
                AI,
                "no-result-in-60-days meetings-over-building financial-ties no-plain-english",
            ),
            (
                (
                    "Our CTO sits in meetings most of the week, has shares in the tool he sold us, "
                    "talks in jargon I cannot follow and works on things that bring no money."
                ),
                CTO,
                "meetings-over-building financial-ties no-plain-english no-revenue-or-cost",
            ),
        ],
    )
    def test_four_flags_in_one_sentence_are_four_proposals_with_a_clause_each(
        self, model, text, role, flags
    ):
        proposals = model.read(text, role).proposals
        assert {proposal.flag for proposal in proposals} == set(flags.split())
        quotes = [proposal.evidence for proposal in proposals]
        assert len(set(quotes)) == 4
        assert all(quote in text for quote in quotes)

    @pytest.mark.parametrize("role", Role)
    def test_a_good_word_proposes_nothing(self, model, role):
        text = "Everything runs well, the reports are on time and we are happy."
        assert model.read(text, role) == FlagReading(())

    @pytest.mark.parametrize(
        "text",
        [
            "He wants to rebuild the whole stack from scratch",
            "He writes one-off scripts instead of systems",
        ],
    )
    def test_a_flag_about_the_other_role_is_never_proposed(self, model, text):
        for role in Role:
            own = {flag.id for flag in load_red_flags() if role in flag.roles}
            assert {p.flag for p in model.read(text, role).proposals} <= own

    def test_the_words_behind_each_flag_are_those_that_tell_of_it(self, model):
        text = (
            "Most of her time goes into meetings. After five months nothing is live. "
            "She gets a commission from the vendor."
        )
        said = {proposal.flag: proposal.evidence for proposal in model.read(text, AI).proposals}
        assert "commission" in said["financial-ties"]
        assert "meetings" in said["meetings-over-building"]

    def test_the_words_stand_in_the_text_as_it_was_written(self, model):
        text = "Our  AI officer\u200b wants to REBUILD\n the whole stack,   all of it."
        for proposal in model.read(text, AI).proposals:
            assert proposal.evidence in text
            assert proposal.evidence

    def test_the_same_text_gives_the_same_proposals(self, model):
        text = "He gets a commission and after four months nothing is live."
        assert model.read(text, AI) == model.read(text, AI)
        assert asyncio.run(model.propose(text, AI)) == model.read(text, AI)

    @pytest.mark.parametrize("text", ["", " \n", "?!", "🙂", "\x00", "a" * 20_000])
    def test_odd_texts_do_not_break_it(self, model, text):
        assert isinstance(model.read(text, CTO), FlagReading)

    def test_another_language_is_not_read(self, model):
        text = "Él quiere reconstruir todos los sistemas de la empresa y no explica nada"
        assert model.read(text, AI) == FlagReading((), known_language=False)

    def test_a_long_text_is_cut_and_that_is_said(self, model):
        text = "He gets a commission from the vendor. " + "The shop is open every day. " * 200
        assert model.read(text, AI).truncated
        assert not model.read(text[:500], AI).truncated


class Fixed:
    """A reader that proposes what it is told to."""

    backend, name = "fixed", "fixed-1"

    def __init__(self, answers):
        self.answers = answers

    async def propose(self, text, role):
        return FlagReading(tuple(Proposal(flag, "") for flag in self.answers[text]))


class TestFigures:
    def case(self, text, *flags, role="fractional-cto"):
        return {"id": text, "text": text, "role": role, "flags": flags}

    def write(self, tmp_path, *cases):
        path = tmp_path / "cases.jsonl"
        path.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
        return path

    def test_counts_by_flag_macro_f1_and_exact_matches(self, tmp_path):
        path = self.write(
            tmp_path,
            self.case("a", "financial-ties"),
            self.case("b", "financial-ties", "no-plain-english"),
            self.case("c"),
            self.case("d", "no-plain-english"),
        )
        told = {
            "a": ["financial-ties"],
            "b": ["financial-ties"],
            "c": ["financial-ties"],
            "d": ["no-plain-english"],
        }
        report = evaluate_flags(path, Fixed(told))
        ties, english = report.flags["financial-ties"], report.flags["no-plain-english"]
        assert (ties.precision.right, ties.precision.total) == (2, 3)
        assert (ties.recall.right, ties.recall.total) == (2, 2)
        assert ties.f1 == pytest.approx(0.8)
        assert (english.recall.right, english.recall.total) == (1, 2)
        assert english.f1 == pytest.approx(2 / 3)
        assert report.flags["no-revenue-or-cost"].f1 is None
        assert report.macro_f1 == pytest.approx((0.8 + 2 / 3) / 7)
        assert (report.exact.right, report.exact.total) == (2, 4)
        assert (report.model, report.cases) == ("fixed-1", 4)

    def test_without_a_case_there_is_no_figure(self):
        values = plain(rounded(score_flags("none", [], [])))
        assert values["macro_f1"] is None
        assert values["exact"]["value"] is None

    def test_values_are_what_a_gate_reads(self, tmp_path):
        path = self.write(tmp_path, self.case("a", "financial-ties"))
        values = plain(rounded(evaluate_flags(path, Fixed({"a": ["financial-ties"]}))))
        assert json.loads(json.dumps(values)) == values
        assert list(values) == ["model", "cases", "macro_f1", "exact", "flags"]
        assert values["macro_f1"] == pytest.approx(1 / 7, abs=1e-6)
        assert values["exact"]["value"] == 1
        assert values["flags"]["financial-ties"]["f1"] == 1

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            pytest.param('{"id": "a"}', "line 2: text", id="a part is missing"),
            pytest.param("no JSON", "line 2", id="no JSON"),
            pytest.param(
                '{"id": "a", "text": "t", "role": "fractional-cto", "flags": ["x"]}',
                'line 2: there is no flag "x"',
                id="an unknown flag",
            ),
            pytest.param(
                '{"id": "a", "text": "t", "role": "fractional-cto", '
                '"flags": ["rebuilds-the-stack"]}',
                "not about a fractional-cto",
                id="the other role's",
            ),
        ],
    )
    def test_a_line_that_is_no_case_is_named(self, tmp_path, line, complaint):
        path = tmp_path / "cases.jsonl"
        path.write_text(json.dumps(self.case("a")) + "\n" + line + "\n", encoding="utf-8")
        with pytest.raises(InputError, match=re.escape(complaint)):
            read_flag_cases(path)

    def test_a_file_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_flag_cases(tmp_path / "none.jsonl")

    def test_the_eval_set_is_large_enough_and_about_both_roles(self):
        cases = read_flag_cases(CASES)
        assert len(cases) >= 80
        assert sum(not case.flags for case in cases) >= 20
        assert {flag for case in cases for flag in case.flags} == set(IDS)
        assert {case.role for case in cases} == set(Role)


def squeezed(text):
    return " ".join(re.findall(r"\w+", text.casefold()))


@pytest.fixture(scope="module")
def rows():
    return load_flag_texts(EXAMPLES)


class TestExamples:
    def test_there_are_at_least_25_of_each_flag_and_50_of_none(self, rows):
        for name in IDS:
            assert sum(name in row.flags for row in rows) >= 25, name
        assert sum(not row.flags for row in rows) >= 50

    def test_each_flag_can_be_about_the_role_of_its_text(self, rows):
        roles = {flag.id: [r.value for r in flag.roles] for flag in load_red_flags()}
        assert [row.text for row in rows for name in row.flags if row.role not in roles[name]] == []

    def test_no_text_stands_twice(self, rows):
        assert len({squeezed(row.text) for row in rows}) == len(rows)

    def test_no_text_of_the_eval_set_was_learned_from(self, rows):
        known = {squeezed(row.text) for row in rows}
        assert [case.id for case in read_flag_cases(CASES) if squeezed(case.text) in known] == []
