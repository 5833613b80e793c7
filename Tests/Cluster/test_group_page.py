"""The page of the group chat in real Chromium: two browsers at two nodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import Page, browser
from cluster import Cluster
from conftest import started


class GroupPage(Page):
    def join(self, url: str, name: str, group: str) -> None:
        self.open(f"{url}/group.html")
        self.driver.find_element(By.ID, "user-name").send_keys(name)
        self.driver.find_element(By.ID, "group-name").send_keys(group, Keys.ENTER)
        self.until(lambda: name in self.members)

    @property
    def members(self) -> list[str]:
        return self.driver.find_element(By.ID, "members").text.split(", ")

    def say(self, text: str) -> None:
        self.driver.find_element(By.ID, "prompt").send_keys(text, Keys.ENTER)

    @property
    def said(self) -> list[str]:
        """Everything but replies, with who said it in front."""
        script = """
            return [...document.querySelectorAll("#turns .said, #turns .prompt")].map((text) =>
              [text.previousElementSibling, text].filter(Boolean).map((part) => part.textContent).join(": "))
        """
        return self.driver.execute_script(script)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    yield from started("group-page", "--nodes", "3", options=("--synthetic", "chunks=250,interval=20ms,size=20"))


@pytest.fixture(scope="module")
def browsers() -> Iterator[list[webdriver.Chrome]]:
    both = [browser(), browser()]
    yield both
    for driver in both:
        driver.quit()


@pytest.fixture
def pages(browsers: list[webdriver.Chrome]) -> list[GroupPage]:
    for driver in browsers:
        driver.get("about:blank")
        driver.get_log("browser")
    return [GroupPage(driver) for driver in browsers]


def test_two_browsers_at_two_nodes_see_one_group(
    pages: list[GroupPage], cluster: Cluster, screenshots: Path
) -> None:
    ann, bob = pages
    ann.join(cluster.url("node1"), "Ann", "trip")
    ann.say("Where shall we go?")
    bob.join(cluster.url("node2"), "Bob", "trip")
    bob.until(lambda: bob.said == ["Ann: Where shall we go?"])
    ann.until(lambda: ann.members == ["Ann", "Bob"])
    bob.say("@gpt tell us")
    for page in pages:
        page.until(lambda page=page: page.messages and page.messages[0].state == "streaming")
    ann.say("while it answers")
    bob.until(lambda: bob.said[-1] == "Ann: while it answers")
    ann.screenshots(screenshots, "group-streaming")
    texts = set()
    for page in pages:
        [message] = page.messages
        message.ends("completed")
        texts.add(message.received)
        assert page.errors() == []
    assert len(texts) == 1
    bob.driver.refresh()
    bob.until(lambda: [message.received for message in bob.messages] == list(texts))
    assert bob.said == ["Ann: Where shall we go?", "@gpt tell us", "Ann: while it answers"]
    bob.driver.find_element(By.ID, "leave").click()
    ann.until(lambda: ann.members == ["Ann"])
    ann.screenshots(screenshots, "group")


def test_browser_that_loses_its_node_joins_again_at_another(
    pages: list[GroupPage], cluster: Cluster, screenshots: Path
) -> None:
    ann, bob = pages
    bob.join(cluster.url("node2"), "Bob", "lost")
    before = cluster.connections()
    ann.join(cluster.url(), "Ann", "lost")
    [node] = [name for name, count in cluster.connections().items() if count > before[name]]
    if node == "node2":
        pytest.skip("both browsers are at one node")
    bob.say("@gpt tell us")
    ann.until(lambda: ann.messages and len(ann.messages[0].received) > 400)
    cluster.kill(node)
    bob.say("are you there?")
    ann.until(lambda: ann.said == ["Bob: @gpt tell us", "Bob: are you there?"])
    ann.say("yes")
    bob.until(lambda: bob.said[-1] == "Ann: yes")
    for page in pages:
        [message] = page.messages
        message.ends("completed")
    assert ann.messages[0].received == bob.messages[0].received
    cluster.heal()
