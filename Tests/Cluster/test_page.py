"""The page in a real Chromium: a reply is asked for, read, stopped, and read on when the node behind it dies."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from cluster import Cluster
from serve import serving


class Page:
    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        self.driver.get(url)
        self.until(lambda: self.connection == "connected")

    def until(self, condition: Any, timeout: float = 40) -> None:
        WebDriverWait(self.driver, timeout, poll_frequency=0.02).until(lambda _: condition())

    @property
    def connection(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").get_dom_attribute("data-connection")

    def ask(self, prompt: str) -> "Message":
        before = len(self.messages)
        self.driver.find_element(By.ID, "prompt").send_keys(prompt, Keys.ENTER)
        self.until(lambda: len(self.messages) > before)
        return self.messages[-1]

    @property
    def messages(self) -> list["Message"]:
        return [Message(self, element) for element in self.driver.find_elements(By.TAG_NAME, "hub-message")]

    def press(self, key: str) -> None:
        self.driver.switch_to.active_element.send_keys(key)

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def screenshots(self, directory: Path, name: str) -> None:
        for scheme in ("light", "dark"):
            preference = [{"name": "prefers-color-scheme", "value": scheme}]
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preference})
            self.driver.save_screenshot(str(directory / f"{name}-{scheme}.png"))


class Message:
    def __init__(self, page: Page, element: WebElement) -> None:
        self.page, self.element = page, element

    @property
    def state(self) -> str:
        return self.element.get_dom_attribute("data-state")

    @property
    def proof(self) -> str:
        return self.element.get_dom_attribute("data-proof")

    @property
    def received(self) -> str:
        return self.page.driver.execute_script("return arguments[0].rawText", self.element)

    @property
    def shown(self) -> str:
        return self.element.text

    def ends(self, state: str) -> None:
        """The page itself compares the text with the SHA-256 that the end announced."""
        self.page.until(lambda: self.state in ("completed", "stopped", "failed"), 60)
        assert self.state == state
        self.page.until(lambda: self.proof != "unknown")
        assert self.proof == "verified"

    def assert_every_chunk_once(self, chunks: int) -> None:
        numbers = list(range(1, chunks + 1))
        assert chunk_numbers(self.received) == numbers
        assert chunk_numbers(self.shown) == numbers


def chunk_numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"#(\d+);", text)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("headless=new", "window-size=1100,800", "no-proxy-server", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium: webdriver.Chrome) -> Iterator[Page]:
    """In a tab of its own: what the page keeps over a reload belongs to the tab."""
    chromium.switch_to.new_window("tab")
    chromium.get_log("browser")
    yield Page(chromium)
    chromium.close()
    chromium.switch_to.window(chromium.window_handles[0])


def test_reply_grows_on_the_page_until_it_is_complete(page: Page, cluster: Cluster) -> None:
    page.open(cluster.url())
    message = page.ask("chunks=100,interval=15ms,size=20")
    page.until(lambda: message.state == "streaming")
    lengths = [0]
    while message.state == "streaming":
        lengths.append(len(message.received))
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 10
    message.ends("completed")
    message.assert_every_chunk_once(100)
    assert "✓ Completed" in message.shown
    assert page.errors() == []


def test_replies_run_side_by_side_on_the_page(page: Page, cluster: Cluster) -> None:
    page.open(cluster.url())
    slow = page.ask("chunks=80,interval=20ms,size=20")
    page.until(lambda: slow.state == "streaming")
    quick = page.ask("chunks=10,interval=5ms,size=20")
    quick.ends("completed")
    slow.ends("completed")
    slow.assert_every_chunk_once(80)
    quick.assert_every_chunk_once(10)


@pytest.mark.parametrize("by", ["button", "Escape"])
def test_reader_stops_a_reply(page: Page, cluster: Cluster, by: str) -> None:
    page.open(cluster.url())
    message = page.ask("chunks=2000,interval=20ms,size=20")
    page.until(lambda: len(chunk_numbers(message.received)) > 5)
    if by == "button":
        page.driver.find_element(By.ID, "stop").click()
    else:
        page.press(Keys.ESCAPE)
    message.ends("stopped")
    chunks = len(chunk_numbers(message.received))
    assert 5 < chunks < 2000
    message.assert_every_chunk_once(chunks)
    assert page.errors() == []


def test_reply_completes_at_another_node_when_the_page_loses_its_own(
    page: Page, split_cluster: Cluster, screenshots: Path
) -> None:
    asyncio.run(split_cluster.no_connections())
    page.open(split_cluster.url())
    [lost] = [name for name, count in split_cluster.connections().items() if count]
    message = page.ask("chunks=300,interval=20ms,size=20")
    page.until(lambda: len(chunk_numbers(message.received)) > 50)

    split_cluster.kill(lost)
    # "reconnecting" may be too short to be seen; what counts is that the page's socket is at the other node.
    page.until(lambda: page.connection == "connected" and any(
        count for name, count in split_cluster.connections().items() if name != lost))
    assert message.state in ("waiting", "streaming")
    page.screenshots(screenshots, "resumed")
    message.ends("completed")
    message.assert_every_chunk_once(300)


def test_reply_is_read_on_after_a_reload(page: Page, cluster: Cluster) -> None:
    page.open(cluster.url())
    message = page.ask("chunks=100,interval=20ms,size=20")
    page.until(lambda: len(chunk_numbers(message.received)) > 20)
    page.driver.refresh()
    page.until(lambda: page.messages)
    [message] = page.messages
    message.ends("completed")
    message.assert_every_chunk_once(100)


def test_page_of_a_single_node_is_fit_to_be_seen(page: Page, screenshots: Path) -> None:
    with serving("--port", "0", "--model", "demo") as server:
        page.open(server.url)
        page.screenshots(screenshots, "welcome")
        for prompt in ("Show a small Swift example with an explanation", "Compare WebSockets and SSE in a table"):
            message = page.ask(prompt)
            page.until(lambda: message.state == "streaming")
            page.screenshots(screenshots, "streaming")
            message.ends("completed")
        page.screenshots(screenshots, "conversation")
        assert page.errors() == []
    page.until(lambda: page.connection == "reconnecting")
    page.screenshots(screenshots, "reconnecting")
