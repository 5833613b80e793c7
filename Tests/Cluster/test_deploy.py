"""What cannot be run here for want of a Docker engine still holds together."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cluster import ROOT
from serve import run

TEMPLATE = ROOT / "deploy/nginx/hubbub.conf.template"
HAPROXY = ROOT / "deploy/haproxy/haproxy.cfg"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/usr/local/bin"
STANDARD_VARIABLES = {
    "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_API_KEY",
    "OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL",
}  # fmt: skip


@pytest.fixture(scope="module")
def services() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_compose_describes_the_cluster(services: dict) -> None:
    cluster = {name for name, service in services.items() if "profiles" not in service}
    assert cluster == {"redis", "node1", "node2", "node3", "nginx"}
    profiles = {name: service["profiles"] for name, service in services.items() if name not in cluster}
    assert profiles == {"prometheus": ["observability"], "grafana": ["observability"], "ollama": ["local-model"]}
    for name, service in services.items():
        assert "healthcheck" in service
        assert name not in cluster or service["ulimits"]["nofile"] >= 65536
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for dependency, wish in service.get("depends_on", {}).items():
            assert dependency in services and wish == {"condition": "service_healthy"}


def test_nodes_are_given_variables_that_hubbub_knows(services: dict, dockerfile: str) -> None:
    documented = run("--help").stdout
    variables = {entry.partition("=")[0] for entry in services["node1"]["environment"]}
    variables |= set(re.findall(r"HUBBUB_\w+", dockerfile))
    assert "HUBBUB_BACKPLANE" in variables
    for variable in variables - STANDARD_VARIABLES:
        assert re.search(rf"\b{variable}\b", documented), f"{variable} is not in `hubbub serve --help`"


def test_ports_of_compose_image_and_balancer_are_the_same(services: dict, dockerfile: str) -> None:
    [port] = re.findall(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)
    assert f"HUBBUB_PORT={port}" in dockerfile
    assert services["node1"]["healthcheck"]["test"][-1] == port
    nginx = services["nginx"]
    nodes = re.findall(r"server (\w+):(\d+) ", nginx["environment"]["SERVERS"])
    assert nodes == [(name, port) for name in services if name.startswith("node")]
    assert nginx["ports"] == [f"127.0.0.1:8080:{nginx['environment']['LISTEN']}"]


def test_mounted_and_copied_files_exist(services: dict, dockerfile: str) -> None:
    [template] = services["nginx"]["volumes"]
    assert (ROOT / template.partition(":")[0]) == TEMPLATE
    mounts = [mount.split(":") for service in services.values() for mount in service.get("volumes", [])]
    for source, _, *mode in mounts:
        assert source == "ollama" or (ROOT / source).exists() and mode == ["ro"], source
    [[_, conf, _]] = [mount for mount in mounts if mount[0].endswith("redis.conf")]
    assert services["redis"]["command"] == ["redis-server", conf]
    for source in re.findall(r"^COPY (?!--from)(\S+)", dockerfile, re.MULTILINE):
        assert list(ROOT.glob(source)), source


def test_nginx_accepts_the_template_as_compose_fills_it_in(services: dict, tmp_path: Path) -> None:
    environment = services["nginx"]["environment"]
    text = TEMPLATE.read_text()
    variables = set(re.findall(r"\$\{(\w+)\}", text))
    assert variables == set(environment)
    for variable, value in environment.items():
        text = text.replace(f"${{{variable}}}", re.sub(r"node\d", "127.0.0.1", value))
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{text}\n}}\n")
    nginx = shutil.which("nginx", path=SYSTEM_PATH)
    tested = subprocess.run([nginx, "-t", "-p", tmp_path, "-c", conf], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr


def test_prometheus_scrapes_every_node_of_compose(services: dict) -> None:
    [job] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    [targets] = [each["targets"] for each in job["static_configs"]]
    port = services["node1"]["healthcheck"]["test"][-1]
    assert targets == [f"{name}:{port}" for name in services if name.startswith("node")]


def test_nginx_logs_no_tokens() -> None:
    text = TEMPLATE.read_text()
    [form] = re.findall(r"^log_format (\w+) .*\$uri';$", text, re.MULTILINE)
    assert re.findall(r"access_log (.+);", text) == [f"${{ACCESS_LOG}} {form}"]
    assert not re.search(r"\$(request|request_uri|args|query_string)\b", text)


def test_haproxy_accepts_its_configuration_without_a_warning(tmp_path: Path) -> None:
    servers = "\n    ".join(f"server node{number} 127.0.0.1:{8000 + number}" for number in range(3))
    cfg = tmp_path / "haproxy.cfg"
    cfg.write_text(HAPROXY.read_text().replace("${LISTEN}", "127.0.0.1:8080").replace("${SERVERS}", servers))
    haproxy = shutil.which("haproxy", path=SYSTEM_PATH)
    tested = subprocess.run([haproxy, "-c", "-dW", "-f", cfg], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr


def test_shell_scripts_are_sound() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.read_text().startswith("#!/bin/bash")]
    scripts += [ROOT / "deploy/cluster/cluster", ROOT / "deploy/ready", ROOT / ".ci/run"]
    checked = subprocess.run([Path(sys.executable).parent / "shellcheck", "-x", *scripts], capture_output=True, text=True, cwd=ROOT)
    assert checked.returncode == 0, checked.stdout
