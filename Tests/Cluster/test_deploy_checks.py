"""What deploy/ holds for others to run is valid by the tools of those who run it."""

import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from cluster import HUBBUB, ROOT
from serve import run

DEPLOY = ROOT / "deploy"
PYTHON = Path(sys.executable).parent
USER = 10001


def succeeds(*command: str | Path) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def objects() -> dict[str, dict]:
    """By kind: what `kubectl apply --kustomize` would apply."""
    built = list(yaml.safe_load_all(succeeds("kubectl", "kustomize", DEPLOY / "kubernetes")))
    assert len(built) == len({each["kind"] for each in built})
    return {each["kind"]: each for each in built}


def test_dockerfile_is_sound() -> None:
    succeeds(PYTHON / "hadolint", "Dockerfile")


def test_compose_file_is_one() -> None:
    succeeds(PYTHON / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


def test_prometheus_takes_configuration_and_rules() -> None:
    succeeds("promtool", "check", "config", DEPLOY / "prometheus/prometheus.yml")
    succeeds("promtool", "check", "rules", DEPLOY / "prometheus/rules.yml")


def test_unit_is_valid_and_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "hubbub.service"
    unit.write_text((DEPLOY / "systemd/hubbub.service").read_text().replace("/usr/local/bin/hubbub", str(HUBBUB)))
    assert str(HUBBUB) in unit.read_text()
    succeeds("systemd-analyze", "verify", "--man=no", unit)
    # In tenths: 10 is one, of ten.
    succeeds("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit)


def test_kubernetes_takes_every_object(objects: dict[str, dict]) -> None:
    version = kubernetes_validate.latest_version()
    for each in objects.values():
        kubernetes_validate.validate(each, version, strict=True)


def test_options_and_probes_of_kubernetes_are_those_of_hubbub(objects: dict[str, dict]) -> None:
    [container] = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    documented = run("--help").stdout
    for name in [*objects["ConfigMap"]["data"], *(variable["name"] for variable in container["env"])]:
        assert f"{name}." in documented or f"{name} or" in documented, name
    probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {probe["path"] for probe in probes.values()} == {"/health/live", "/health/ready"}
    assert probes["readiness"]["path"] == "/health/ready"
    dockerfile = (ROOT / "Dockerfile").read_text()
    [port] = container["ports"]
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert f"EXPOSE {port['containerPort']}\n" in dockerfile
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == USER and f"USER {USER}\n" in dockerfile and f"--uid {USER} " in dockerfile


def test_objects_of_kubernetes_are_of_one_another(objects: dict[str, dict]) -> None:
    pod = objects["Deployment"]["spec"]["template"]
    labels, name = pod["metadata"]["labels"], objects["Deployment"]["metadata"]["name"]
    assert objects["Service"]["spec"]["selector"] == labels
    for kind, selector in (("Deployment", "selector"), ("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        assert objects[kind]["spec"][selector] == {"matchLabels": labels}
    assert objects["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == name
    [container] = pod["spec"]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": objects["ConfigMap"]["metadata"]["name"]}}]
    [mount], [volume] = container["volumeMounts"], pod["spec"]["volumes"]
    assert mount["name"] == volume["name"]
    [password] = container["env"]
    assert Path(password["value"]).parent == Path(mount["mountPath"])
    assert "Secret" not in objects


def test_a_node_that_ends_is_given_its_time(objects: dict[str, dict]) -> None:
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    before = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    drain = int(objects["ConfigMap"]["data"]["HUBBUB_DRAIN_TIMEOUT"].removesuffix("s"))
    assert pod["terminationGracePeriodSeconds"] >= before + 2 * drain
    assert f"TimeoutStopSec={2 * drain}s\n" in (DEPLOY / "systemd/hubbub.service").read_text()


def test_tools_are_those_of_the_system() -> None:
    assert all(map(shutil.which, ("promtool", "kubectl", "systemd-analyze")))
