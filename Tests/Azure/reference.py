"""The same as Tests/AzureIdentityProbe does, with PyPI's azure-identity."""

import os
import re
from unittest import mock

from azure.identity import (
    AzureCliCredential,
    AzureDeveloperCliCredential,
    CredentialUnavailableError,
    DefaultAzureCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

# What only developers' machines with Windows or an editor have.
EXCLUDED = {
    f"exclude_{name}_credential": True
    for name in ("shared_token_cache", "visual_studio_code", "powershell", "broker")
}


def make(credential, client_id=None, object_id=None, resource_id=None, exclude=()):
    ids = {"object_id": object_id, "resource_id": resource_id}
    match credential:
        case "default":
            excluded = {f"exclude_{name}_credential": True for name in exclude}
            ids = {"managed_identity_client_id": client_id} if client_id else {}
            return DefaultAzureCredential(disable_instance_discovery=True, **EXCLUDED, **excluded, **ids)
        case "environment":
            return EnvironmentCredential(disable_instance_discovery=True)
        case "workload":
            return WorkloadIdentityCredential(client_id=client_id, disable_instance_discovery=True)
        case "managed":
            config = {name: value for name, value in ids.items() if value}
            return ManagedIdentityCredential(client_id=client_id, identity_config=config or None)
        case "cli":
            return AzureCliCredential()
        case "azd":
            return AzureDeveloperCliCredential()


def run(environment, credential, scopes, tenant_id=None, claims=None, cae=False, times=1, **options):
    with mock.patch.dict(os.environ, environment, clear=True):
        try:
            made = make(credential, **options)
        except (ValueError, OSError) as error:
            return {"outcome": "configuration", "description": str(error)}
        try:
            for _ in range(times):
                request = {"tenant_id": tenant_id, "claims": claims, "enable_cae": cae}
                token = made.get_token_info(*scopes, options={k: v for k, v in request.items() if v})
        except CredentialUnavailableError as error:
            return {"outcome": "unavailable", "description": str(error)}
        except Exception as error:
            attempts = re.findall(r"^\t(\w+Credential)\b", str(error), re.MULTILINE)
            return {"outcome": "failed", "description": f"{type(error).__name__}: {error}", "attempts": attempts}
    return {
        "outcome": "token",
        "token": token.token,
        "expiresOn": token.expires_on,
        "refreshOn": token.refresh_on,
    }


