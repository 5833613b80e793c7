"""The page in a real Chromium: a reply is asked for, read, stopped, and read on when the node behind it dies."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import Page, browser, chunk_numbers
from cluster import Cluster
from serve import serving


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    driver = browser()
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
