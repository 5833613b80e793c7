"""Runs azure-identity and the probe in the same environment against the same fakes, and compares what they ask."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import reference
from fake_azure import FakeAzure, read_assertion

PROBE = Path(__file__).parents[2] / ".build/debug/AzureIdentityProbe"
SCOPE = "https://cognitiveservices.azure.com/.default"
RESOURCE = "https://cognitiveservices.azure.com"

# The names of one and the other for what a chain leaves out.
SOURCES = {
    "environment": "EnvironmentCredential",
    "workload_identity": "WorkloadIdentityCredential",
    "managed_identity": "ManagedIdentityCredential",
    "cli": "AzureCliCredential",
    "developer_cli": "AzureDeveloperCliCredential",
}


@dataclass
class Run:
    outcome: dict
    requests: list

    @property
    def token(self):
        assert self.outcome["outcome"] == "token", self.outcome
        return self.outcome["token"]


class SideBySide:
    def __init__(self, fake: FakeAzure, certificate=None):
        self.fake = fake
        self.certificate = certificate

    def environment(self, variables):
        return {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"), **variables}

    def reference(self, environment, credential, scopes=(SCOPE,), **options):
        variables = self.environment(environment) | {"REQUESTS_CA_BUNDLE": str(self.fake.ca_file)}
        outcome = reference.run(variables, credential, scopes, **options)
        return Run(outcome, self.take_requests())

    def probe(self, environment, credential, scopes=(SCOPE,), exclude=(), **options):
        command = [PROBE, credential, "--ca-file", self.fake.ca_file]
        for scope in scopes:
            command += ["--scope", scope]
        for name in exclude:
            command += ["--exclude", SOURCES[name]]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        done = subprocess.run(
            command, env=self.environment(environment), capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return Run(json.loads(done.stdout), self.take_requests())

    def take_requests(self):
        requests, self.fake.requests = self.fake.requests, []
        return [self.plain(request) for request in requests]

    def plain(self, request):
        form = request["form"] | {}
        # Asks for an id of the client, of which nothing is made.
        form.pop("client_info", None)
        if "claims" in form:
            form["claims"] = json.loads(form["claims"])
        if self.certificate and "client_assertion" in form:
            form["client_assertion"] = read_assertion(form["client_assertion"], self.certificate)
        return request | {"form": form}

    def same(self, environment, credential, scripted=None, same_requests=True, **options):
        """Both get a token by the same requests, or both none in the same way. Returns the probe's."""
        runs = []
        for run in (self.reference, self.probe):
            self.fake.reset()
            for path, answers in (scripted or {}).items():
                self.fake.script(path, *answers)
            runs.append(run(environment, credential, **options))
        theirs, ours = runs
        if same_requests:
            assert ours.requests == theirs.requests
        assert ours.outcome["outcome"] == self.expected(theirs, ours), (theirs.outcome, ours.outcome)
        if ours.outcome["outcome"] == "token":
            assert ours.token == theirs.token
            assert abs(ours.outcome["expiresOn"] - theirs.outcome["expiresOn"]) <= 5
        elif "attempts" in theirs.outcome and credential == "default":
            assert ours.outcome["attempts"] == theirs.outcome["attempts"], (theirs.outcome, ours.outcome)
        return ours

    @staticmethod
    def expected(theirs, ours):
        """Their chain fails where all of it is unavailable; ours says so, as .NET's does, so that chains can hold chains."""
        attempts = ours.outcome.get("attempts")
        if attempts and theirs.outcome["outcome"] == "failed" and ours.outcome["outcome"] == "unavailable":
            return "unavailable"
        return theirs.outcome["outcome"]
