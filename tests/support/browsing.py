"""What a person does with the pages in a browser, and what may be wrong with one."""

THREE = "1. Invoices are typed by hand\n2. Stock is counted on paper\n3. Customers want an app here"
TIE = "1. Invoices are typed by hand\n2. Customers want an app here"
LONG = (
    "1. A thing about Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte goes "
    f"wrong at https://example.com/{'a' * 90}\n2. نحن نكتب الفواتير باليد كل يوم"
)
GO_ON = "form .buttons button[value=confirm]"


def begin(page, address, text):
    """Send a text from the first page."""
    page.goto(address)
    page.get_by_label("What are the three biggest problems").fill(text)
    page.get_by_label("I have read this and agree.").check()
    page.get_by_role("button", name="Go on").last.click()


def answer(page, *, revenue="$1M to $10M", company="Acme & Sons"):
    """Answer until the verdict or the quiz is there."""
    page.click(GO_ON)
    page.get_by_label("What is your company called?").fill(company)
    page.click(GO_ON)
    page.get_by_label(revenue).check()
    page.click(GO_ON)
    page.get_by_label("no", exact=True).check()
    page.click(GO_ON)


def finish(page):
    """Answer whatever is asked until the verdict is there, "not sure" where that is possible."""
    while not page.url.endswith("/verdict"):
        if (choices := page.locator("input[name=choice]:not([value=own])")).count():
            choices.last.check()
        page.click(GO_ON)


def fits(page):
    """Return whether nothing stands beyond the right edge."""
    page.wait_for_load_state("load")  # before its style is there, nothing fits
    wide = page.evaluate("document.documentElement.scrollWidth")
    return wide <= page.viewport_size["width"]


def faults(page):
    """Return what axe finds wrong with a page for people who cannot see it well."""
    from axe_playwright_python.sync_playwright import Axe  # of a group of its own

    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]
