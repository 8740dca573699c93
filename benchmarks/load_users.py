"""Owners for locust: each pastes three problems, answers what is asked, and reads the verdict."""

import re
import secrets

from locust import HttpUser, between, task

FIRST = ("Invoices from {} are typed by hand every week", "Leads from {} get lost for days")
SECOND = ("the stock list of {} is always wrong", "reports for {} take forty hours a month")
THIRD = ("customers of {} want an app to follow their orders", "{} has to hire five developers")


class Owner(HttpUser):
    """One owner after the other; every text is a new one, so nothing is remembered."""

    wait_time = between(0, 0)

    @task
    def decide(self) -> None:
        """Go from the first page to the verdict."""
        name = secrets.token_hex(3)
        one, two, three = (secrets.choice(texts).format(name) for texts in (FIRST, SECOND, THIRD))
        page = self.client.get("/", name="start").text
        once = re.search(r'name="once" value="([^"]+)"', page)
        assert once, "the first page has no form"
        form = {"text": f"1. {one}\n2. {two}\n3. {three}", "agree": "yes", "once": once[1]}
        answer = self.client.post("/", form, name="paste")
        while answer.status_code == 200 and not answer.url.endswith("/verdict"):
            answer = self._answered(answer.url, answer.text)

    def _answered(self, url: str, page: str):  # noqa: ANN202  (locust's own type)
        asked = re.search(r'name="id" value="([^"]+)"', page)
        assert asked, "a page asks nothing"
        form = {"id": asked[1], "do": "confirm"}
        pieces = re.findall(r"<textarea name=\"piece-\d+\"[^>]*>(.*?)<", page)
        form |= {f"piece-{number}": piece for number, piece in enumerate(pieces, start=1)}
        if choices := re.findall(r'name="choice" value="([^"]+)"', page):
            form["choice"] = choices[1]
        elif asked[1] == "company":
            form["text"] = "Acme"
        return self.client.post(url, form, name=asked[1].partition(":")[0])
