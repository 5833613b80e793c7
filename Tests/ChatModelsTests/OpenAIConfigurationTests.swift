import Logging
import Testing

@testable import ChatModels

@Suite struct OpenAIConfigurationTests {
    typealias Configuration = OpenAIChatModel.Configuration

    @Test(arguments: [
        "", "api.example.com", "ftp://example.com", "https://", "https://user:pw@example.com",
        "https://example.com/?a=b",
        "https://example.com/#f", "ht tp://x",
    ])
    func refusesAnEndpointThatIsNone(endpoint: String) {
        for configured in [
            Configuration.Endpoint.openAI(baseURL: endpoint, model: "m"), .azure(endpoint: endpoint, deployment: "d"),
        ] {
            let error = #expect(throws: OpenAIChatModel.ConfigurationError.self) {
                _ = try OpenAIChatModel(
                    configuration: Configuration(endpoint: configured), logger: Logger(label: "test"))
            }
            #expect(error?.part == .endpoint)
        }
    }

    @Test func refusesAMissingModel() {
        let error = #expect(throws: OpenAIChatModel.ConfigurationError.self) {
            _ = try OpenAIChatModel(
                configuration: Configuration(endpoint: .azure(endpoint: "https://example.com", deployment: "")),
                logger: Logger(label: "test"))
        }
        #expect(error?.part == .model)
    }

    @Test(arguments: ["", "has space", "line\r\nfeed: 1", "schlüssel"])
    func refusesAKeyThatNoHeaderCarries(key: String) {
        let error = #expect(throws: OpenAIChatModel.ConfigurationError.self) {
            _ = try OpenAIChatModel(
                configuration: Configuration(
                    endpoint: .openAI(baseURL: "https://example.com", model: "m"), credential: .key(APIKey(key))),
                logger: Logger(label: "test"))
        }
        #expect(error?.part == .apiKey)
        #expect(key.isEmpty || error?.description.contains(key) == false)
    }

    @Test func theKeyIsInNoDescription() {
        let configuration = Configuration(
            endpoint: .openAI(baseURL: "https://example.com", model: "m"), credential: .key(APIKey("sk-very-secret")))
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("sk-very-secret"))
        }
    }

    @Test func anEndpointOnTheV1PathSelectsIt() {
        #expect(
            Configuration.Endpoint.azure(endpoint: "https://e.example/openai/v1/", deployment: "d")
                == .azureV1(endpoint: "https://e.example/openai/v1/", deployment: "d"))
        #expect(
            Configuration.Endpoint.azure(endpoint: "https://e.example/", deployment: "d")
                == .azureDeployment(endpoint: "https://e.example/", deployment: "d"))
    }

    @Test func theClassicPathHasTheVersionThatItsAPINeeds() throws {
        let endpoint = Configuration.Endpoint.azure(endpoint: "https://e.example", deployment: "d")
        #expect(try endpoint.url(of: .chatCompletions).hasSuffix("?api-version=2024-10-21"))
        #expect(try endpoint.url(of: .responses).hasSuffix("/openai/responses?api-version=2025-04-01-preview"))
        let chosen = Configuration.Endpoint.azure(
            endpoint: "https://e.example", deployment: "d", apiVersion: "2026-01-01")
        #expect(try chosen.url(of: .responses).hasSuffix("?api-version=2026-01-01"))
    }
}
