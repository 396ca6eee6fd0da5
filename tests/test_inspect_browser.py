"""The inspect page in a real browser: read, filter, correct by key and by click, download, train with the file."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tiny
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from test_inspect import HOSTILE, PAGE, hostile_page
from urllib3.exceptions import HTTPError

from paywallclf import PaywallClassifier, classify_html
from paywallclf.labels import read_labels
from paywallclf.report import InspectedPage, payload_of, render_report

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="needs a browser: apt-get install chromium chromium-driver")

#: This site asks in words, and in a place, that a model of the four sites of `tiny` cannot know: it takes all for no promo.
LIGHTHOUSE = tiny.page(
    "lighthouse",
    [
        "The old lamp was lit again on Saturday, a hundred years after the first.",
        "Two hundred people climbed the stairs.",
        "Keep our lamp burning",
        "Any gift helps the keepers",
        "Tell me when the lamp is lit",
    ],
    [],
)
CORRECTIONS = {
    "Keep our lamp burning": "promo:donate",
    "Any gift helps the keepers": "promo:donate",
    "Tell me when the lamp is lit": "promo:newsletter",
}

#: What a browser that has died or hangs ends in.
NO_ANSWER = (WebDriverException, HTTPError)

SMALL_PHONE, PHONE, DESKTOP = (360, 740), (390, 844), (1280, 900)


class Report:
    """An opened report, as a person at it sees and uses it."""

    def __init__(self, start: Callable[[], webdriver.Chrome], downloads: Path) -> None:
        self.start = start
        self.driver = start()
        self.downloads = downloads

    def restart(self) -> None:
        with suppress(*NO_ANSWER):
            self.driver.quit()
        self.driver = self.start()

    def open(self, path: Path) -> None:
        self.driver.get("about:blank")
        self.driver.get(path.as_uri())

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def shown(self, selector: str = ".block .text") -> list[str]:
        return [element.text for element in self.find_all(selector) if element.is_displayed()]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def choose(self, name: str, value: str) -> None:
        self.find(f"#{name} option[value='{value}']").click()

    def block(self, text: str) -> WebElement:
        [found] = [element for element in self.find_all(".block") if element.find_element(By.CLASS_NAME, "text").text == text]
        return found

    def facts(self, text: str) -> str:
        return self.block(text).find_element(By.CLASS_NAME, "facts").text.replace("\n", " ")

    @property
    def chosen(self) -> str:
        return self.find(".block[aria-selected=true] .text").text

    def says(self, *words: str) -> None:
        """Wait for what a screen reader is told."""
        self.wait(lambda: all(word in self.find("#status").get_property("textContent") for word in words))

    def wait(self, condition: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, 10, poll_frequency=0.05).until(lambda driver: condition())

    def download(self) -> Path:
        path = self.downloads / "labels.jsonl"
        path.unlink(missing_ok=True)
        self.click("#download")
        self.wait(path.exists)
        return path

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def look_as(self, size: tuple[int, int] = DESKTOP, scheme: str = "light") -> None:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size != DESKTOP}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": size != DESKTOP})
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    downloads = tmp_path_factory.mktemp("downloads")
    report = Report(lambda: started(downloads, tmp_path_factory.mktemp("profile")), downloads)
    yield report
    report.driver.quit()


def started(downloads: Path, profile: Path) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.command_executor.client_config.timeout = 30  # a browser that died must not hold up the other tests for minutes
    return driver


@pytest.fixture
def report(browser: Report) -> Iterator[Report]:
    try:
        browser.look_as()
    except NO_ANSWER:  # it hung between two tests, or in one that has failed for it: the others get a fresh one
        browser.restart()
        browser.look_as()
    browser.errors()  # those of the test before
    yield browser
    assert not browser.errors()


def write(path: Path, *pages: tuple[str, str], group: str | None = None) -> Path:
    model = tiny.fitted()
    inspected = []
    for identity, html in pages:
        document = classify_html(html, model=model)
        inspected.append(InspectedPage(identity, group, document.blocks, payload_of(document, model=model)))
    path.write_bytes(render_report(inspected))
    return path


@pytest.fixture
def lighthouse(report: Report, tmp_path: Path) -> Report:
    """The report of one page, opened."""
    report.open(write(tmp_path / "report.html", ("lighthouse.html", LIGHTHOUSE), group="lighthouse"))
    return report


@pytest.fixture
def two_pages(report: Report, tmp_path: Path) -> Report:
    report.open(write(tmp_path / "report.html", ("first.html", LIGHTHOUSE), ("second.html", PAGE)))
    return report


# -- the whole way -----------------------------------------------------------------------------------------------------------


def test_corrections_are_downloaded_and_change_what_is_trained_on_them(lighthouse: Report) -> None:
    for label in ("editorial", "other"):  # leaves the promos, and there are none
        lighthouse.click(f".chip[data-filter={label}]")
    assert lighthouse.shown() == []
    assert lighthouse.find("#nothing").is_displayed()
    for label in ("editorial", "other"):
        lighthouse.click(f".chip[data-filter={label}]")

    lighthouse.block("Keep our lamp burning").click()
    lighthouse.press("5")  # by key: a promo of the fifth kind
    lighthouse.says("Block 5", "promo, donate", "1 to download")
    lighthouse.press("j", "p")  # by key: a promo, of the kind that the model thinks likeliest; then by click its kind
    lighthouse.says("Block 6", "promo", "2 to download")
    lighthouse.click("#kinds input[value=donate]")
    lighthouse.says("Block 6", "promo, donate")
    lighthouse.block("Tell me when the lamp is lit").click()
    lighthouse.click("#labels input[value=promo]")
    lighthouse.says("Block 7", "promo", "3 to download")
    lighthouse.click("#kinds input[value=newsletter]")
    lighthouse.says("Block 7", "promo, newsletter", "3 to download")

    [row] = read_labels(lighthouse.download())
    assert (row.id, row.group) == ("lighthouse.html", "lighthouse")
    assert row.document.source == LIGHTHOUSE
    given = {block.text: label for block, label in zip(row.document.blocks, row.labels, strict=True) if label is not None}
    assert given == CORRECTIONS

    documents, labels, groups = tiny.documents()
    retrained = tiny.small().fit([*documents, row.document], [*labels, row.labels], [*groups, row.group])

    def promo(model: PaywallClassifier) -> dict[str, float]:
        return {block.text: block.probabilities["promo"] for block in classify_html(LIGHTHOUSE, model=model).blocks}

    before, after = promo(tiny.fitted()), promo(retrained)
    assert max(before.values()) < 0.1
    assert min(after[text] for text in CORRECTIONS) > max(after[text] for text in set(after) - set(CORRECTIONS))
    assert all(after[text] > before[text] + 0.1 for text in CORRECTIONS)


def test_a_page_read_whole_is_saved_with_all_its_labels(lighthouse: Report) -> None:
    labels = dict(zip(lighthouse.shown(), lighthouse.shown(".block .label"), strict=True))
    lighthouse.block("Keep our lamp burning").click()
    lighthouse.press("5")
    lighthouse.says("promo, donate")
    lighthouse.click(".reviewed input")
    [row] = read_labels(lighthouse.download())
    given = {block.text: label for block, label in zip(row.document.blocks, row.labels, strict=True)}
    assert given == {**labels, "Keep our lamp burning": "promo:donate"}


def test_the_file_holds_only_pages_that_were_worked_on(two_pages: Report) -> None:
    two_pages.click("#index tbody tr:nth-child(2) a")
    two_pages.press("e")
    two_pages.says("editorial", "1 to download")
    rows = [json.loads(line) for line in two_pages.download().read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["second.html"]
    assert "group" not in rows[0]


def test_says_when_there_is_nothing_to_download(lighthouse: Report) -> None:
    lighthouse.click("#download")
    lighthouse.says("Nothing to download")


def test_a_correction_can_be_undone(lighthouse: Report) -> None:
    lighthouse.block("Keep our lamp burning").click()
    before = lighthouse.facts("Keep our lamp burning")
    lighthouse.press("7")
    lighthouse.wait(lambda: "promo app was" in lighthouse.facts("Keep our lamp burning"))
    lighthouse.press("u")
    assert lighthouse.facts("Keep our lamp burning") == before
    lighthouse.click("#download")
    lighthouse.says("Nothing to download")


def test_confirming_a_label_saves_it(lighthouse: Report) -> None:
    label = lighthouse.find(".block .label").text
    lighthouse.press(label[0])
    lighthouse.wait(lambda: lighthouse.find(".block .was").text == "confirmed")
    [row] = read_labels(lighthouse.download())
    assert [given for given in row.labels if given] == [label]


# -- finding what to correct ---------------------------------------------------------------------------------------------------


def test_filters_by_label(two_pages: Report) -> None:
    two_pages.click("#index tbody tr:nth-child(2) a")
    texts = dict(zip(two_pages.shown(), two_pages.shown(".block .label"), strict=True))
    assert len(set(texts.values())) > 1
    hidden = next(iter(texts.values()))
    two_pages.click(f".chip[data-filter={hidden}]")
    assert two_pages.shown() == [text for text, label in texts.items() if label != hidden]
    two_pages.says(f"{len(two_pages.shown())} of {len(texts)} blocks shown")
    assert two_pages.find(f".chip[data-filter={hidden}]").get_attribute("aria-pressed") == "false"


def test_shows_the_least_sure_first(lighthouse: Report) -> None:
    on_the_page = lighthouse.shown()
    lighthouse.choose("order", "doubt")
    sure = [float(element.get_attribute("data-sure") or "") for element in lighthouse.find_all(".block")]
    assert sure == sorted(sure)
    assert lighthouse.shown() != on_the_page
    assert lighthouse.chosen == lighthouse.shown()[0]
    lighthouse.choose("order", "page")
    assert lighthouse.shown() == on_the_page


def test_shows_only_the_unsure_or_only_the_corrected(lighthouse: Report) -> None:
    unsure = [element for element in lighthouse.find_all(".block") if float(element.get_attribute("data-sure") or "") < 0.9]
    assert unsure
    lighthouse.choose("sure", "0.9")
    assert len(lighthouse.shown()) == len(unsure)
    corrected = lighthouse.chosen
    lighthouse.block(corrected).click()
    lighthouse.press("p")
    lighthouse.says("1 to download")
    assert corrected in lighthouse.shown()  # it stays in sight until the filter is used again
    lighthouse.choose("sure", "corrected")
    assert lighthouse.shown() == [corrected]


def test_gives_the_reasons_on_demand(lighthouse: Report) -> None:
    assert not lighthouse.find("#reasons").is_displayed()
    lighthouse.block("Any gift helps the keepers").click()
    lighthouse.press("r")
    reasons = lighthouse.wait(lambda: lighthouse.find("#reasons").text)
    for words in ("editorial", "neighbours", "In its text", "In its markup", "html/body/article/p", "threshold"):
        assert words in reasons


# -- keyboard, screen reader, small and dark screens ---------------------------------------------------------------------------


def test_the_keys_go_through_the_blocks(lighthouse: Report) -> None:
    texts = lighthouse.shown()
    visited = [lighthouse.chosen]
    for key in ("j", Keys.ARROW_DOWN, "k", Keys.ARROW_UP, Keys.END, "j", Keys.HOME, "k"):
        lighthouse.press(key)
        visited.append(lighthouse.chosen)
    assert visited == [texts[place] for place in (0, 1, 2, 1, 0, -1, -1, 0, 0)]


def test_single_keys_can_be_switched_off(lighthouse: Report) -> None:
    lighthouse.press("?")
    lighthouse.click("#keys")
    lighthouse.press(Keys.ESCAPE)
    first = lighthouse.chosen
    lighthouse.find(".block[aria-selected=true]").click()
    lighthouse.press("j", "5")
    assert (lighthouse.chosen, lighthouse.find("#corrected").text) == (first, "0")
    lighthouse.press(Keys.ARROW_DOWN)
    assert lighthouse.chosen != first


def test_a_key_with_a_modifier_is_the_browsers(lighthouse: Report) -> None:
    lighthouse.press(Keys.CONTROL + "p" + Keys.NULL, Keys.ALT + "e" + Keys.NULL)
    time.sleep(0.2)  # a correction would have come
    assert lighthouse.find("#corrected").text == "0"


def test_a_screen_reader_has_roles_names_and_states(lighthouse: Report) -> None:
    blocks = lighthouse.find(".blocks")
    assert (blocks.aria_role, blocks.accessible_name) == ("listbox", "Blocks of the page")
    option = lighthouse.block("Keep our lamp burning")
    option.click()
    assert (option.aria_role, option.get_attribute("aria-selected")) == ("option", "true")
    label, sure = (option.find_element(By.CLASS_NAME, name).text for name in ("label", "sure"))
    assert option.accessible_name == f"{label} {sure} Keep our lamp burning"
    lighthouse.press("5")
    lighthouse.wait(lambda: option.accessible_name == f"promo donate was {label} Keep our lamp burning")
    assert lighthouse.find("#status").get_attribute("role") == "status"
    for element in lighthouse.find_all("button, select, input, summary, aside"):
        if element.is_displayed():
            assert element.accessible_name, element.get_attribute("outerHTML")
    assert lighthouse.find("#labels input:checked").accessible_name == "promo"
    assert lighthouse.find("html").get_attribute("lang") == "en"


def test_tab_goes_from_the_list_to_what_is_done_with_its_block(lighthouse: Report) -> None:
    lighthouse.press(Keys.END)  # a block that was visited is no stop on the way
    lighthouse.block("Keep our lamp burning").click()
    lighthouse.press("5")
    lighthouse.wait(lambda: lighthouse.find("#undo").is_displayed())
    order = []
    for _ in range(6):
        lighthouse.press(Keys.TAB)
        focused = lighthouse.driver.switch_to.active_element
        order.append(focused.get_attribute("id") or focused.get_attribute("value") or focused.tag_name)
    assert order == ["previous", "next", "promo", "donate", "undo", "summary"]


def test_only_a_promo_has_a_kind(lighthouse: Report) -> None:
    assert not lighthouse.find("#kinds").is_displayed()
    lighthouse.press("p")
    lighthouse.wait(lambda: lighthouse.find("#kinds").is_displayed())
    lighthouse.press("o")
    lighthouse.wait(lambda: not lighthouse.find("#kinds").is_displayed())
    [row] = read_labels(lighthouse.download())
    assert [label for label in row.labels if label] == ["other"]


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_fits_the_screen_with_the_chosen_block_in_sight(lighthouse: Report, size: tuple[int, int]) -> None:
    lighthouse.look_as(size)
    width, height = size
    lighthouse.press(Keys.END, "5")
    lighthouse.press("r")  # the more is in the editor, the less is left for the list
    lighthouse.wait(lambda: lighthouse.find("#reasons").text)

    def edges(selector: str) -> dict[str, float]:
        script = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
        return dict(lighthouse.driver.execute_script(script, selector))

    assert edges("html")["width"] <= lighthouse.driver.execute_script("return document.documentElement.scrollWidth") <= width
    lighthouse.wait(
        lambda: edges(".block[aria-selected=true]")["bottom"] <= (edges("#editor")["top"] if size == PHONE else height)
    )
    assert edges(".block[aria-selected=true]")["top"] >= 0
    assert edges("#editor")["bottom"] <= height
    assert (edges("#editor")["width"] == width) is (size == PHONE)


def test_head_and_filters_take_a_line_each_on_a_small_phone(two_pages: Report) -> None:
    two_pages.look_as(SMALL_PHONE)
    two_pages.click("#index tbody tr:nth-child(1) a")
    for selector in ("header > *", ".chips button"):
        parts = [part for part in two_pages.find_all(selector) if part.is_displayed()]
        middles = [part.rect["y"] + part.rect["height"] / 2 for part in parts]
        assert len(parts) >= 3
        assert max(middles) - min(middles) < 2
        assert max(part.rect["height"] for part in parts) < 40  # pixels: a line of text, and what is around it
        assert max(part.rect["x"] + part.rect["width"] for part in parts) <= SMALL_PHONE[0]


def test_follows_the_dark_mode_of_the_system(lighthouse: Report) -> None:
    def brightness(name: str) -> float:
        colour = lighthouse.find("body").value_of_css_property(name)
        red, green, blue = (float(part) for part in colour.split("(")[1].rstrip(")").split(",")[:3])
        return (red + green + blue) / 3

    for scheme, dark in (("light", False), ("dark", True)):
        lighthouse.look_as(scheme=scheme)
        assert (brightness("background-color") < brightness("color")) is dark


# -- several pages -----------------------------------------------------------------------------------------------------------


def test_the_index_leads_to_the_pages_and_back(two_pages: Report) -> None:
    assert not two_pages.find("#work").is_displayed()
    two_pages.click("#index tbody tr:nth-child(2) a")
    assert two_pages.shown(".page h2") == ["second.html"]
    two_pages.press("K")
    two_pages.wait(lambda: two_pages.shown(".page h2") == ["first.html"])
    two_pages.press("e")
    two_pages.says("1 to download")
    two_pages.driver.back()
    two_pages.wait(lambda: two_pages.shown(".page h2") == ["second.html"])
    two_pages.click("#to-index")
    assert [cell.text for cell in two_pages.find_all(".page-corrected")] == ["1", "0"]


# -- hostile pages -----------------------------------------------------------------------------------------------------------


def test_nothing_of_a_hostile_page_runs_or_is_fetched(report: Report, tmp_path: Path) -> None:
    report.open(write(tmp_path / "report.html", (HOSTILE[2], hostile_page()), group=HOSTILE[1]))
    assert report.shown()[:6] == HOSTILE[:6]
    report.press("r", "?", Keys.ESCAPE)
    for _ in report.shown():
        report.press("p", "j")
        report.wait(lambda: report.find("#reasons").text)
    [row] = read_labels(report.download())
    assert (row.id, row.group, row.document.source) == (HOSTILE[2], HOSTILE[1], hostile_page())
    assert report.driver.execute_script("return window.hostile") is None
    assert report.driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    # `report` looks for errors at its end: what the policy had to block would be one
