"""What a node tells Prometheus."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable

import aiohttp

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Metrics:
    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.fullmatch(line).groups()
            self.samples[name].append((dict(LABEL.findall(labels or "")), float(value)))

    @property
    def families(self) -> set[str]:
        return set(re.findall(r"^# TYPE (\S+)", self.text, re.MULTILINE))

    def sum(self, name: str, **labels: str) -> float:
        """Of all series of a name that have these labels."""
        assert name in self.samples, f"no {name}"
        return sum(value for of, value in self.samples[name] if labels.items() <= of.items())


async def metrics(url: str) -> Metrics:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return Metrics(await response.text())


async def until(url: str, condition: Callable[[Metrics], bool], within: float = 10) -> Metrics:
    async with asyncio.timeout(within):
        while not condition(now := await metrics(url)):
            await asyncio.sleep(0.05)
    return now
