"""The words of the pages can be changed by a file of one's own, which cannot break a page."""

import pytest

from support.site import begin, heading, site
from triage_agent.errors import SettingsError
from triage_agent.web.texts import load_texts


def written(folder, text, language="en"):
    """Write a file of words into a data folder."""
    (folder / "texts").mkdir()
    (folder / "texts" / f"{language}.toml").write_text(text, "utf-8")


def test_what_a_file_says_is_shown_and_the_rest_stays(tmp_path):
    written(tmp_path, '[start]\nnotice = "Nur wir lesen das <b>."\n')
    with site(tmp_path) as client:
        page = client.get("/")
        assert "Nur wir lesen das &lt;b&gt;." in page.text
        assert heading(page).startswith("Do you need somebody")


def test_words_are_filled_in(tmp_path):
    written(tmp_path, '[question]\nprogress = "Schritt {step} von {of}"\n')
    with site(tmp_path) as client:
        assert "Schritt 2 von 5" in begin(client, "Leads get lost").text


@pytest.mark.parametrize(
    "text",
    [
        '[question]\nprogress = "Step {stpe}"\n',
        '[question]\nprogress = "Step {step"\n',
        '[question]\nprogress = "Step {}"\n',
        '[question]\nprogress = "Step {step.__class__}"\n',
        '[start]\nnotice_title = "{host}"\n',
        '[start]\nlede = "A misspelt name"\n',
        '[nowhere]\ntitle = "No such part"\n',
        "[start]\nlead = 3\n",
        "[start\n",
    ],
)
def test_a_file_that_would_break_a_page_is_refused_by_its_name(tmp_path, text):
    written(tmp_path, text)
    with pytest.raises(SettingsError, match=r"en\.toml"):
        load_texts(tmp_path)


def test_another_language_is_one_more_file(tmp_path):
    written(tmp_path, '[start]\nbegin = "Weiter"\n', "de")
    with site(tmp_path, language="de") as client:
        page = client.get("/")
        assert '<html lang="de">' in page.text
        assert "Weiter</button>" in page.text
    with site(tmp_path) as client:
        page = client.get("/")
        assert '<html lang="en">' in page.text
        assert "Weiter" not in page.text


@pytest.mark.parametrize("language", ["de", "../../etc/passwd", "", '"><script>'])
def test_a_language_without_a_file_is_refused(tmp_path, language):
    with pytest.raises(SettingsError), site(tmp_path, language=language):
        pass
