from datetime import UTC, datetime

import pytest

from triage_agent.models.llm.retry_after import is_daily, length_s, until_s, wait_in_words

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("37s", 37),
        ("0.5s", 0.5),
        ("450ms", 0.45),
        ("6m12s", 372),
        ("9m38.016s", 578.016),
        ("1h2m3s", 3723),
        ("2 days", 172_800),
        ("1 minute and", None),
        ("1 hour, 2 minutes", 3720),
        ("20 seconds", 20),
        ("3 times", None),
        ("5 models", None),
        ("", None),
        ("s", None),
    ],
)
def test_a_length_of_time_is_read_as_servers_write_it(text, seconds):
    assert length_s(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please try again in 20s. Visit https://platform.test/limits to learn more.", 20),
        (
            "Limit 100000, Used 97050, Requested 3619. Please try again in 9m38.016s. Need more?",
            578,
        ),
        ("Please retry after 6 seconds.", 6),
        ("Retry in 45.578569677s.", 45.578),
        ("Your limit resets in 2 hours.", 7200),
        ("You may wait 30 seconds and then try again.", 30),
        ("Capacity is available again in 1h.", 3600),
        ("Limit: 30 requests per 60 seconds.", None),
        ("Please try again later.", None),
        ("Try one of 5 models.", None),
        ("Retry at most 3 times.", None),
        ("", None),
    ],
)
def test_a_wait_in_words_is_read_and_no_other_number(message, seconds):
    expected = None if seconds is None else pytest.approx(seconds, abs=1)
    assert wait_in_words(message) == expected


@pytest.mark.parametrize(
    ("epoch", "seconds"),
    [
        (str(int(NOW.timestamp()) + 90), 90),
        (str((int(NOW.timestamp()) + 90) * 1000), 90),
        (str(int(NOW.timestamp()) - 90), 0),
        ("60", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_moment_is_read_in_seconds_or_milliseconds(epoch, seconds):
    assert until_s(epoch, NOW) == seconds


@pytest.mark.parametrize(
    ("message", "daily"),
    [
        ("Rate limit exceeded: free-models-per-day. Add 10 credits.", True),
        ("on tokens per day (TPD): Limit 100000", True),
        ("You have reached your daily limit.", True),
        ("20 requests per minute and 200 requests per day", False),
        ("Rate limit exceeded: free-models-per-min.", False),
        ("Have a good day.", False),
    ],
)
def test_only_a_limit_for_the_day_alone_lasts_until_tomorrow(message, daily):
    assert is_daily(message) is daily
