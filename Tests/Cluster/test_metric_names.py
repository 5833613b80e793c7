"""Alerts, dashboard and autoscaler use metrics that there are: those that docs/METRICS.md lists."""

import json
import re

import yaml

from cluster import ROOT

LISTED = ROOT / "docs/METRICS.md"
NAME = re.compile(r"\b(?:hubbub|gen_ai_client)_[a-z_]+")
SERIES = re.compile(r"_(bucket|count|sum)$")


def expressions() -> list[str]:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/hubbub.json").read_text())
    adapter = yaml.safe_load((ROOT / "deploy/prometheus/adapter.yaml").read_text())
    return [
        *(rule["expr"] for group in rules["groups"] for rule in group["rules"]),
        *(target["expr"] for panel in dashboard["panels"] for target in panel["targets"]),
        *(rule["metricsQuery"] for rule in adapter["rules"]),
        (ROOT / "deploy/kubernetes/horizontal-pod-autoscaler.yaml").read_text(),
    ]


def test_every_metric_that_is_asked_for_is_listed() -> None:
    listed = set(NAME.findall(LISTED.read_text()))
    used = {name for expression in expressions() for name in NAME.findall(expression)}
    unknown = {name for name in used if name not in listed and SERIES.sub("", name) not in listed}
    assert len(used) > 10 and not unknown, unknown


def test_every_alert_is_explained() -> None:
    explained = (ROOT / "docs/DEPLOYMENT.md").read_text()
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
    alerts = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert len(set(alerts)) == len(alerts)
    for alert in alerts:
        assert f"`{alert}`" in explained, alert
