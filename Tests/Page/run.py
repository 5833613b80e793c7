#!/usr/bin/env python3
"""Runs the page's module tests in headless Chromium. Needs selenium; exits with 1 when a test fails."""

import functools
import http.server
import pathlib
import shutil
import sys
import threading

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVED = ("/Tests/Page/", "/Sources/ChatHub/Page/")
MODULES = ["markdown.test.js", "signalr.test.js", "conversation.test.js", "group-chat.test.js"]
SCRIPT = """
const [modules, done] = arguments;
Promise.all(modules.map((module) => import(`/Tests/Page/${module}`)))
  .then(() => import("/Tests/Page/harness.js"))
  .then(({ run }) => run())
  .then(done, (error) => done([{ name: "import", error: `${error}` }]));
"""


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith(SERVED):
            super().do_GET()
        else:
            self.send_error(404)

    def log_message(self, *_):
        pass


def chromium():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=ROOT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    driver = chromium()
    try:
        driver.set_script_timeout(120)
        driver.get(f"http://127.0.0.1:{server.server_port}/Tests/Page/")
        results = driver.execute_async_script(SCRIPT, MODULES)
    finally:
        driver.quit()
    failed = [result for result in results if result["error"]]
    for result in failed:
        print(f"✗ {result['name']}\n     {result['error']}")
    print(f"{len(results) - len(failed)} page tests passed, {len(failed)} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
