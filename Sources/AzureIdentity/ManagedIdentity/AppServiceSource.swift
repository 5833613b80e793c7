import NIOHTTP1

/// App Service, Functions and Container Apps, since 2019.
struct AppServiceSource: ManagedIdentitySource {
    static let name = "App Service"

    let endpoint: ManagedIdentityEndpoint
    let url: String
    let header: String

    func token(resource: String, isChained: Bool) async throws -> AccessToken {
        // Azure Automation, which has the same variables, wants Metadata too.
        let response = try await endpoint.send(
            endpoint.get(
                url, apiVersion: "2019-08-01", resource: resource,
                headers: [("X-IDENTITY-HEADER", header), ("Metadata", "true")],
                identity: endpoint.identity.query(resourceID: "mi_res_id")))
        return try endpoint.token(in: response, secrets: [header])
    }
}

/// Azure Machine Learning, and App Service's interface of 2017.
struct AzureMLSource: ManagedIdentitySource {
    static let name = "Azure ML"

    let endpoint: ManagedIdentityEndpoint
    let url: String
    let secret: String

    func token(resource: String, isChained: Bool) async throws -> AccessToken {
        let response = try await endpoint.send(
            endpoint.get(
                url, apiVersion: "2017-09-01", resource: resource, headers: [("secret", secret)],
                identity: endpoint.identity.query(clientID: "clientid")))
        return try endpoint.token(in: response, secrets: [secret])
    }
}

/// Cloud Shell, whose one identity is the user's.
struct CloudShellSource: ManagedIdentitySource {
    static let name = "Cloud Shell"

    let endpoint: ManagedIdentityEndpoint
    let url: String

    func token(resource: String, isChained: Bool) async throws -> AccessToken {
        var request = IdentityRequest(method: .POST, url: url, timeout: endpoint.options.requestTimeout)
        request.headers.add(name: "Metadata", value: "true")
        request.form = [(name: "resource", value: resource)]
        return try endpoint.token(in: try await endpoint.send(request))
    }
}
