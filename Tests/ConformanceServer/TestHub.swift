import Foundation
import HubServer

/// The hub that the functional tests of SignalR's clients call: every method with the answers and the errors they compare.
enum TestHub {
    static func make() -> Hub {
        let hub = Hub(name: "TestHub")
        addInvocations(to: hub)
        addStreams(to: hub)
        addRequestReaders(to: hub)
        return hub
    }

    /// The same for those who show a token.
    static func makeAuthorized() -> Hub {
        let hub = Hub(name: "AuthorizedHub")
        hub.requireAuthorization()
        hub.on("Echo") { (_, message: String?) in message }
        hub.on("GetUserNameIdentifier") { context in context.userID ?? "" }
        hub.on("GetUserClaim") { (context, type: String) in context.user?.first(type) ?? "" }
        return hub
    }

    /// A hub that no client gets to use.
    static func makeUncreatable() -> Hub {
        let hub = Hub(name: "UncreatableHub")
        hub.onConnected { _ in
            throw InvalidOperationException(
                hubErrorMessage: "Unable to resolve service for type 'System.Object' while attempting to activate "
                    + "'FunctionalTests.UncreatableHub'.")
        }
        return hub
    }

    private static func addInvocations(to hub: Hub) {
        hub.on("Echo") { (_, message: String?) in message }
        hub.on("GetCallerConnectionId") { context in context.connectionID }
        hub.on("ThrowException") { (_, message: String) in throw InvalidOperationException(hubErrorMessage: message) }
        hub.on("InvokeWithString") { (context, message: String) in
            try await context.clients.caller.send("Message", message)
        }
        hub.on("SendCustomObject") { (context, object: CustomObject) in
            try await context.clients.caller.send("CustomObject", object)
        }
        hub.on("EchoComplexObject") { (_, object: ComplexObject) in object }
        hub.on("SendComplexObject") { _ in ComplexObject.sample }
    }

    private static func addStreams(to hub: Hub) {
        hub.on("Stream") { _ in elements(["a", "b", "c"]) }
        hub.on("EmptyStream") { _ in elements([Int]()) }
        hub.on("InfiniteStream") { context in
            AsyncStream<Int> { stream in
                stream.onTermination = { _ in
                    Task { try await context.clients.caller.send("StreamCanceled") }
                }
            }
        }
        hub.on("StreamThrowException") { (_, message: String) -> AsyncStream<Int> in
            throw InvalidOperationException(hubErrorMessage: message)
        }
        hub.on("StreamingConcat") { (_, strings: HubUpload<String>) in
            var joined = ""
            for try await string in strings { joined += string }
            return joined
        }
    }

    private static func addRequestReaders(to hub: Hub) {
        hub.on("GetActiveTransportName") { context in context.request.transport.rawValue }
        hub.on("GetNumRedirects") { context in context.request.query("numRedirects").flatMap { Int($0) } ?? 0 }
        hub.on("GetContentTypeHeader") { context in context.request.header("Content-Type") }
        hub.on("GetHeader") { (context, name: String) in context.request.header(name) }
        hub.on("GetCookie") { (context, name: String) in context.request.cookie(name) }
    }

    private static func elements<Element: Sendable>(_ elements: [Element]) -> AsyncStream<Element> {
        AsyncStream { stream in
            for element in elements { stream.yield(element) }
            stream.finish()
        }
    }
}

/// Clients compare the type's name, .NET's.
struct InvalidOperationException: HubErrorNaming {
    let hubErrorName = "InvalidOperationException"
    let hubErrorMessage: String
}

struct CustomObject: Codable, Sendable {
    let Name: String
    let Value: Int
}

struct ComplexObject: Codable, Sendable {
    let ByteArray: Data
    let DateTime: Date
    let Guid: UUID
    let IntArray: [Int]
    let String: String

    /// What clients compare `SendComplexObject` with.
    static let sample = ComplexObject(
        ByteArray: Data([1, 2, 3]), DateTime: Date(timeIntervalSince1970: 946_684_800),
        Guid: UUID(uuid: (0, 1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1, 0)), IntArray: [1, 2, 3],
        String: "hello world")
}

extension ConnectionRequest {
    /// The value of a cookie, as far as its client was given a plain one.
    func cookie(_ name: String) -> String? {
        header("Cookie")?.split(separator: ";").lazy
            .map { $0.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1) }
            .first { $0.first.map { $0 == name } ?? false }
            .map { $0.count == 2 ? String($0[1]) : "" }
    }
}
