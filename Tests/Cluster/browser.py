"""The page of a node in a real Chromium."""

import os
import re
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait


def browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("headless=new", "window-size=1100,800", "no-proxy-server", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


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
