"""The red flags as a questionnaire: every rule at its boundary, the file, the command."""

import itertools
import json
from decimal import Decimal

import pytest

from support.program import in_pseudo_terminal, triage
from triage_agent.advice.hire_answers import as_answers, read_hire_answers
from triage_agent.advice.hire_check import (
    MEETINGS,
    HireAnswers,
    Proposal,
    Spent,
    assess_hire,
    other_role,
)
from triage_agent.advice.red_flags import HireWords, Level, flags_about, hire_words, load_red_flags
from triage_agent.advice.roles import Role
from triage_agent.errors import InputError
from triage_agent.reports.contract import as_hire_check

CTO, AI = Role.FRACTIONAL_CTO, Role.FRACTIONAL_AI_OFFICER
SCRIPTS, REBUILDS = "scripts-instead-of-systems", "rebuilds-the-stack"
TIES, ENGLISH = "financial-ties", "no-plain-english"


def answered(role, *yes, rest=False):
    """Return answers to every question about a role: yes to some, `rest` to the others."""
    return HireAnswers({flag.id: flag.id in yes or rest for flag in flags_about(role)})


def level(role, *yes):
    return assess_hire(answered(role, *yes), role).level


class TestWhichFlagsAreAsked:
    def test_six_of_the_seven_can_be_about_either_role(self):
        cto, ai = ([flag.id for flag in flags_about(role)] for role in (CTO, AI))
        assert (len(cto), len(ai)) == (6, 6)
        assert SCRIPTS in cto
        assert SCRIPTS not in ai
        assert REBUILDS in ai
        assert REBUILDS not in cto
        assert {*cto, *ai} == {flag.id for flag in load_red_flags()}

    def test_every_flag_says_what_it_means_and_what_to_do(self):
        for flag in load_red_flags():
            assert flag.question.endswith("?")
            assert flag.means
            assert flag.do

    def test_only_meetings_have_a_severe_case(self):
        assert [flag.id for flag in load_red_flags() if flag.severe_question] == [MEETINGS]

    def test_the_other_role_of_the_other_role_is_the_role(self):
        assert [other_role(other_role(role)) for role in Role] == list(Role)


class TestLevel:
    @pytest.mark.parametrize("role", Role)
    def test_every_set_of_yes_answers_follows_the_rules(self, role):
        ids = [flag.id for flag in flags_about(role)]
        for size in range(len(ids) + 1):
            for yes in itertools.combinations(ids, size):
                if {SCRIPTS, REBUILDS} & set(yes):
                    expected = Level.OTHER_ROLE
                else:
                    expected = [Level.CLEAR, Level.TALK][size] if size < 2 else Level.SERIOUS
                assert level(role, *yes) is expected, yes

    def test_one_severe_flag_is_as_serious_as_two(self):
        severe = HireAnswers({MEETINGS: True}, severe=frozenset({MEETINGS}))
        assert assess_hire(severe, CTO).level is Level.SERIOUS
        assert assess_hire(HireAnswers({MEETINGS: True}), CTO).level is Level.TALK

    @pytest.mark.parametrize(
        "flags",
        [
            pytest.param({}, id="nothing answered"),
            pytest.param({TIES: False}, id="one answered"),
            pytest.param({**answered(CTO).flags, TIES: None}, id="one not sure"),
        ],
    )
    def test_without_a_flag_what_has_no_answer_keeps_it_open(self, flags):
        assert assess_hire(HireAnswers(flags), CTO).level is Level.OPEN

    def test_a_flag_counts_although_others_have_no_answer(self):
        assert assess_hire(HireAnswers({TIES: True, ENGLISH: None}), CTO).level is Level.TALK

    @pytest.mark.parametrize(
        ("role", "flag", "needed"),
        [(CTO, SCRIPTS, "a fractional AI officer;"), (AI, REBUILDS, "a fractional CTO;")],
    )
    def test_who_does_the_other_roles_job_is_told_which_role_is_needed(self, role, flag, needed):
        check = assess_hire(answered(role, flag), role)
        assert check.raised[0].flag.other_role
        assert needed in check.verdict
        assert "{" not in check.verdict

    def test_every_level_has_words_and_the_rule_that_leads_to_it(self):
        assert [words.id for words in hire_words().verdicts] == list(Level)
        assert len({words.text for words in hire_words().verdicts}) == len(Level)
        assert all(words.rule for words in hire_words().verdicts)

    @pytest.mark.parametrize("change", [lambda v: v[:-1], lambda v: v[::-1]], ids=["less", "order"])
    def test_a_file_without_a_level_or_in_another_order_is_refused(self, change):
        values = hire_words().model_dump(mode="json")
        values["verdicts"] = change(values["verdicts"])
        with pytest.raises(ValueError, match="the verdicts must be other-role"):
            HireWords.model_validate(values)


class TestMeetings:
    @pytest.mark.parametrize(
        ("share", "flagged", "severe"),
        [
            pytest.param(0.0, False, False, id="none"),
            pytest.param(0.5, False, False, id="exactly half is no flag"),
            pytest.param(0.5000001, True, False, id="over half is one"),
            pytest.param(0.6999999, True, False, id="just under 70 % is not severe"),
            pytest.param(0.7, True, True, id="70 % is severe"),
            pytest.param(1.0, True, True, id="all"),
        ],
    )
    def test_the_share_of_time_decides(self, share, flagged, severe):
        check = assess_hire(HireAnswers(meetings_share=share), AI)
        assert [finding.flag.id for finding in check.raised] == [MEETINGS] * flagged
        assert [finding.severe for finding in check.raised] == [severe] * flagged
        assert MEETINGS not in {flag.id for flag in check.not_answered}
        assert check.level is (Level.SERIOUS if severe else Level.TALK if flagged else Level.OPEN)

    def test_the_share_answers_where_somebody_was_not_sure(self):
        check = assess_hire(HireAnswers({MEETINGS: None}, meetings_share=0.6), AI)
        assert [finding.flag.id for finding in check.raised] == [MEETINGS]
        assert check.not_sure == ()

    @pytest.mark.parametrize(("said", "share"), [(True, 0.5), (False, 0.51)])
    def test_a_share_that_contradicts_the_answer_is_refused(self, said, share):
        with pytest.raises(InputError, match=r"f\.json: meetings-over-building is .* over 0\.5"):
            as_answers({MEETINGS: said, "meetings_share": share}, AI, "f.json")

    @pytest.mark.parametrize(("said", "share"), [(True, 0.51), (False, 0.5), (None, 0.2)])
    def test_a_share_that_agrees_is_taken(self, said, share):
        given = as_answers({MEETINGS: said, "meetings_share": share}, AI, "f.json")
        assert given.meetings_share == share


class TestWhatHasNoAnswer:
    def test_is_told_apart_by_why(self):
        check = assess_hire(HireAnswers({TIES: None, ENGLISH: False}), CTO)
        assert [flag.id for flag in check.not_sure] == [TIES]
        assert [flag.id for flag in check.not_answered] == [
            SCRIPTS,
            "no-result-in-60-days",
            MEETINGS,
            "no-revenue-or-cost",
        ]

    def test_a_proposal_does_not_count(self):
        check = assess_hire(HireAnswers(), AI, [Proposal(REBUILDS, "rebuild it all")])
        assert check.raised == ()
        assert check.level is Level.OPEN
        assert check.proposed == (Proposal(REBUILDS, "rebuild it all"),)

    @pytest.mark.parametrize(
        ("yes", "proposed", "begins", "ends"),
        [
            ((), 1, "One sign is proposed from your words, not confirmed. No flag so far", "."),
            ((), 2, "Two signs are proposed from your words, not confirmed. No flag so far", "."),
            ((TIES,), 1, "One flag: talk about it.", "One more sign is proposed from your words, "),
            ((TIES,), 3, "One flag:", "Three more signs are proposed from your words, "),
        ],
    )
    def test_the_headline_says_how_many_are_proposed_and_not_confirmed(
        self, yes, proposed, begins, ends
    ):
        others = [flag.id for flag in flags_about(CTO) if flag.id not in yes][:proposed]
        proposals = [Proposal(flag, "") for flag in others]
        check = assess_hire(HireAnswers(dict.fromkeys(yes, True)), CTO, proposals)
        assert check.verdict.startswith(begins)
        assert ends in check.verdict
        assert ("not confirmed" in check.verdict) is bool(proposed)

    @pytest.mark.parametrize("answer", [True, False, None])
    def test_what_is_answered_is_proposed_no_more(self, answer):
        check = assess_hire(HireAnswers({TIES: answer}), CTO, [Proposal(TIES, "")])
        assert "proposed" not in check.verdict

    @pytest.mark.parametrize("answer", [True, False, None])
    def test_an_answer_settles_a_proposal(self, answer):
        check = assess_hire(HireAnswers({REBUILDS: answer}), AI, [Proposal(REBUILDS, "")])
        assert check.proposed == ()


class TestMoney:
    @pytest.mark.parametrize(
        ("months", "fee", "words"),
        [
            ("4", "6500", "Paid so far: $26,000 (4 months at $6,500). A wrong hire costs"),
            ("1", "3000", "Paid so far: $3,000 (1 month at $3,000). A"),
            ("2.5", "1000.50", "Paid so far: $2,501 (2.5 months at $1,001). A"),
            ("0", "5000", "Paid so far: $0 (0 months at $5,000). A"),
            ("10", "0", "Paid so far: $0 (10 months at $0). A"),
        ],
    )
    def test_what_was_paid_is_months_times_the_fee(self, months, fee, words):
        check = assess_hire(HireAnswers(), CTO, spent=Spent(Decimal(months), Decimal(fee)))
        assert check.money.startswith(words)

    def test_without_a_fee_there_is_what_a_wrong_hire_usually_costs(self):
        assert assess_hire(HireAnswers(), CTO).money == (
            "A wrong hire costs $3,000–15,000 a month and 3–6 months."
        )


class TestAnswersFile:
    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            pytest.param(b"", "not valid JSON", id="empty file"),
            pytest.param(b"\xff\xfe\x00", "not valid JSON", id="not UTF-8"),
            pytest.param(b"[" * 100_000, "not valid JSON", id="too deep"),
            pytest.param(b"[]", "holds no answers", id="a list"),
            pytest.param(b"{}", "holds no answers", id="no answer"),
            pytest.param(b'"yes"', "holds no answers", id="a text"),
            pytest.param(b'{"ties": true}', 'no flag "ties"', id="an unknown flag"),
            pytest.param(
                b'{"rebuilds-the-stack": true}', "not about a fractional-cto", id="the other role's"
            ),
            pytest.param(b'{"financial-ties": 1}', "is 1; it must be true, false", id="a number"),
            pytest.param(b'{"financial-ties": "yes"}', 'is "yes"; it must be', id="a word"),
            pytest.param(b'{"financial-ties": [true]}', "is [true]; it must be", id="an array"),
            pytest.param(b'{"meetings_share": 70}', "is 70; it must be 0 to 1", id="a percentage"),
            pytest.param(b'{"meetings_share": -0.1}', "must be 0 to 1", id="a negative share"),
            pytest.param(b'{"meetings_share": NaN}', "must be 0 to 1", id="no number"),
            pytest.param(b'{"meetings_share": true}', "must be 0 to 1", id="a share that is true"),
            pytest.param(b'{"meetings_share": "0.6"}', "must be 0 to 1", id="a share in quotes"),
            pytest.param(
                b'{"financial-ties": true, "financial-ties": false}', "stands twice", id="twice"
            ),
            pytest.param(b'{"meetings_share": ' + b"9" * 5000 + b"}", "JSON", id="a huge number"),
        ],
    )
    def test_what_is_wrong_in_it_is_said(self, tmp_path, content, complaint):
        path = tmp_path / "hire.json"
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_hire_answers(path, CTO)
        assert complaint in caught.value.message
        assert str(path) in caught.value.message
        assert len(caught.value.message) < 500

    @pytest.mark.parametrize("name", ["none.json", "."])
    def test_a_path_that_cannot_be_read_is_named(self, tmp_path, name):
        with pytest.raises(InputError, match="cannot be read"):
            read_hire_answers(tmp_path / name, CTO)

    def test_true_false_null_and_a_share_are_read(self, tmp_path):
        path = tmp_path / "hire.json"
        path.write_text(
            json.dumps({TIES: True, ENGLISH: False, SCRIPTS: None, "meetings_share": 1}),
            "utf-8-sig",
        )
        assert read_hire_answers(path, CTO) == HireAnswers(
            {TIES: True, ENGLISH: False, SCRIPTS: None}, meetings_share=1.0
        )


class TestCommand:
    def run(self, tmp_path, answers, *arguments, role="cto", code=0):
        path = tmp_path / "hire.json"
        path.write_text(json.dumps(answers), encoding="utf-8")
        result = triage(
            "check-hire",
            "--role",
            role,
            "--answers",
            str(path),
            *arguments,
            environment={"COLUMNS": "60"},
        )
        assert result.returncode == code, result.stderr
        return result

    def test_says_which_flags_apply_what_they_mean_and_what_to_do(self, tmp_path):
        shown = self.run(tmp_path, {SCRIPTS: True, "meetings_share": 0.7}).stdout.decode()
        words = " ".join(shown.split())
        for flag in load_red_flags():
            applies = flag.id in {SCRIPTS, MEETINGS}
            assert (f"It means: {flag.means} To do: {flag.do}" in words) == applies, flag.id
        assert words.count("This is the other role's job.") == 1
        assert words.count("Here it is severe.") == 1
        assert words.startswith("This person is doing the job of the other role.")
        assert "A wrong hire costs $3,000–15,000 a month and 3–6 months." in words
        assert max(map(len, shown.splitlines())) <= 60
        assert [line for line in shown.splitlines() if line != line.rstrip()] == []

    @pytest.mark.parametrize("role", ["cto", "fractional-cto"])
    def test_a_role_may_be_written_in_two_ways(self, tmp_path, role):
        result = self.run(tmp_path, {TIES: True}, "--json", role=role)
        assert json.loads(result.stdout)["role"] == "fractional-cto"

    def test_json_has_its_keys_in_order(self, tmp_path):
        options = ("--json", "--months", "4", "--monthly-fee", "$6.5k")
        values = json.loads(self.run(tmp_path, {TIES: True, ENGLISH: None}, *options).stdout)
        assert " ".join(values) == (
            "schema_version role level verdict flags not_sure not_answered proposed "
            "meetings_share spent wrong_hire backend model"
        )
        assert values["level"] == "talk"
        assert " ".join(values["flags"][0]) == "id text question other_role severe means do"
        assert values["spent"] == {"months": 4, "usd_per_month": 6500, "usd": 26000}
        assert [flag["id"] for flag in values["not_sure"]] == [ENGLISH]
        assert values["backend"] is None

    @pytest.mark.parametrize(
        ("arguments", "code", "complaint"),
        [
            pytest.param(["--months", "-1", "--monthly-fee", "5k"], 4, "negative", id="negative"),
            pytest.param(["--months", "soon"], 4, "is not a number", id="no number"),
            pytest.param(["--months", "nan"], 4, "finite", id="not finite"),
            pytest.param(["--monthly-fee", "€5k"], 4, "US dollars", id="another currency"),
            pytest.param([""], 4, "holds no words", id="an empty description"),
        ],
    )
    def test_what_cannot_be_used_is_refused(self, tmp_path, arguments, code, complaint):
        result = self.run(tmp_path, {TIES: True}, *arguments, code=code)
        assert complaint in result.stderr.decode()
        assert result.stdout == b""

    def test_without_a_terminal_and_without_answers_it_says_how_to_give_them(self):
        result = triage("check-hire", "--role", "cto")
        assert result.returncode == 4
        assert "--answers FILE" in result.stderr.decode()

    @pytest.mark.parametrize("arguments", [[], ["--role", "boss"]])
    def test_a_role_is_needed_and_must_be_one_of_the_two(self, arguments):
        result = triage("check-hire", *arguments)
        assert result.returncode == 2
        assert "--role" in result.stderr.decode()

    def test_free_text_proposes_and_does_not_count_without_a_terminal(self):
        told = "our AI officer wants to rebuild the whole stack"
        result = triage("check-hire", "--role", "ai-officer", "--json", told)
        values = json.loads(result.stdout)
        assert values["proposed"] == [{"id": REBUILDS, "evidence": told}]
        assert (values["flags"], values["level"]) == ([], "open")
        assert values["backend"] == "embedded"
        assert values["model"] in result.stderr.decode()

    def test_the_text_report_says_how_to_confirm_a_proposal(self):
        told = "our AI officer wants to rebuild the whole stack"
        shown = " ".join(triage("check-hire", "--role", "ai-officer", told).stdout.decode().split())
        assert "not confirmed: they do not count yet" in shown
        assert f"You wrote: “{told}”" in shown
        assert '(--answers): {"rebuilds-the-stack": true}' in shown

    def test_an_answer_of_the_file_settles_what_the_text_proposes(self, tmp_path):
        told = "our AI officer wants to rebuild the whole stack"
        result = self.run(tmp_path, {REBUILDS: False}, "--json", told, role="ai-officer")
        values = json.loads(result.stdout)
        assert (values["proposed"], values["flags"]) == ([], [])

    def test_a_text_in_another_language_is_not_read_and_that_is_said(self):
        told = "Er will alles neu bauen und wir verstehen nichts davon, was er uns sagt"
        result = triage("check-hire", "--role", "ai-officer", "--json", told)
        assert json.loads(result.stdout)["proposed"] == []
        assert "English only" in result.stderr.decode()

    def test_text_from_outside_cannot_steer_the_terminal(self):
        told = "our AI officer wants to \x1b[31mrebuild the whole stack\u202e, [bold]all of it"
        shown = triage("check-hire", "--role", "ai-officer", told).stdout.decode()
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[bold]all of it" in " ".join(shown.split())


class TestInATerminal:
    def test_every_flag_is_asked_and_the_answers_decide(self):
        keys = [(f"{n} of 6", "2\r") for n in (1, 2)]  # no, no
        keys += [("3 of 6", "1\r"), ("70 % of their time or more", "1\r")]  # yes, severe
        keys += [("4 of 6", "3\r"), ("5 of 6", "2\r"), ("6 of 6", "2\r")]  # not sure, no, no
        shown, code = in_pseudo_terminal(["check-hire", "--role", "cto", "--json"], keys, 100)
        values = json.loads(shown[shown.index('{"schema_version"') :])
        assert code == 0
        assert values["level"] == "serious"
        assert [(flag["id"], flag["severe"]) for flag in values["flags"]] == [(MEETINGS, True)]
        assert [flag["id"] for flag in values["not_sure"]] == [TIES]
        assert values["not_answered"] == []

    def test_a_proposal_is_shown_with_its_words_and_confirmed(self, tmp_path):
        path = tmp_path / "hire.json"
        path.write_text(json.dumps({TIES: False}), encoding="utf-8")
        told = "our AI officer wants to rebuild the whole stack"
        arguments = ["check-hire", "--role", "ai-officer", "--answers", str(path), told]
        shown, code = in_pseudo_terminal(arguments, [("1 of 1", "1\r")])
        words = " ".join(shown.split())
        assert code == 0
        assert "You wrote: “our AI officer wants" in words
        assert "This person is doing the job of the other role." in words

    def test_enter_alone_confirms_nothing(self):
        told = "our AI officer wants to rebuild the whole stack"
        arguments = ["check-hire", "--role", "ai-officer", "--json", told]
        keys = [(f"{n} of 6", "\r") for n in range(1, 7)]
        shown, code = in_pseudo_terminal(arguments, keys, 100)
        values = json.loads(shown[shown.index('{"schema_version"') :])
        assert code == 0
        assert values["flags"] == []
        assert len(values["not_sure"]) == 6

    def test_ctrl_c_ends_with_130(self):
        shown, code = in_pseudo_terminal(["check-hire", "--role", "cto"], [("1 of 6", "\x03")])
        assert code == 130
        assert "Traceback" not in shown


def test_a_result_without_a_reader_names_no_model():
    values = as_hire_check(assess_hire(HireAnswers(), CTO))
    assert (values["backend"], values["model"]) == (None, None)
