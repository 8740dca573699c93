"""The seven red flags, and the words about them, as their data files hold them."""

import pytest

from triage_agent.advice.red_flags import hire_words, load_red_flags
from triage_agent.advice.roles import Role
from triage_agent.errors import SettingsError


def test_there_are_seven_red_flags_and_two_of_them_mean_the_other_roles_job():
    flags = load_red_flags()
    assert len(flags) == len({flag.id for flag in flags}) == 7
    assert [flag.other_role for flag in flags] == [True, True] + [False] * 5
    assert flags[0].roles == (Role.FRACTIONAL_AI_OFFICER,)
    assert flags[1].roles == (Role.FRACTIONAL_CTO,)
    assert all(set(flag.roles) == set(Role) for flag in flags[2:])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "whole stack rebuilt"),
        (1, "one-off scripts instead of systems"),
        (2, "60 days"),
        (3, "70 %"),
        (4, "financial tie"),
        (5, "plain English"),
        (6, "revenue nor cost"),
    ],
)
def test_each_red_flag_is_the_lists(number, words):
    assert words in load_red_flags()[number].text


def test_a_words_file_that_does_not_fit_is_a_settings_error(monkeypatch, tmp_path):
    from triage_agent.advice import red_flags

    (tmp_path / "hire.toml").write_text("verdicts = []\n", encoding="utf-8")
    monkeypatch.setattr(red_flags, "folder", lambda _: tmp_path)
    hire_words.cache_clear()
    with pytest.raises(SettingsError, match=r"hire\.toml"):
        hire_words()
    hire_words.cache_clear()
