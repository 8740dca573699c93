"""The data folder, whatever its name is."""

from contextlib import closing

import pytest

from triage_agent.web.database import FILE, Database


@pytest.mark.parametrize("name", ["a b", "a%20b", "a?b", "a#b", "a\tb", "ä", "a'b", "..b"])
def test_a_folder_of_any_name_holds_its_data(name, tmp_path):
    for _ in range(2):  # made, and opened again
        with closing(Database(tmp_path / "data" / name)) as database:
            assert database.rows("SELECT * FROM submission") == []
    assert [one.name for one in tmp_path.iterdir()] == ["data"]
    assert [one.name for one in (tmp_path / "data").iterdir()] == [name]
    assert (tmp_path / "data" / name / FILE).stat().st_size > 0
