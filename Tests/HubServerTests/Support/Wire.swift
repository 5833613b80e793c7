import HubProtocol
import HubServer
import HubTesting
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

/// A client that sends bytes and sees transport messages, on an event loop whose time a test turns.
final class Wire: Sendable {
    let loop: NIOAsyncTestingEventLoop
    let transport: InProcessTransport
    let connection: HubConnection
    private let sent: Sent

    private final class Sent: Sendable {
        let frames = Mutex<[String]>([])
    }

    private init(
        loop: NIOAsyncTestingEventLoop, transport: InProcessTransport, connection: HubConnection, sent: Sent
    ) {
        self.loop = loop
        self.transport = transport
        self.connection = connection
        self.sent = sent
    }

    /// Connects without a handshake.
    static func open(
        _ endpoint: HubEndpoint, id: String = "wire", identity: HubIdentity = .anonymous,
        over transportType: HubTransportType = .webSockets, usesStatefulReconnect: Bool = false,
        on loop: NIOAsyncTestingEventLoop = .init()
    ) async throws -> Wire {
        let sent = Sent()
        let transport = InProcessTransport(eventLoop: loop) { bytes in
            sent.frames.withLock { $0.append(String(buffer: bytes)) }
        }
        let reservation = await endpoint.reserve(id)
        let request = ConnectionRequest(
            path: "/hub", identity: identity, transport: transportType, usesStatefulReconnect: usesStatefulReconnect)
        let connection = try await loop.executeInContext {
            transport.connect(to: endpoint, reservation, request: request)
        }
        return Wire(loop: loop, transport: transport, connection: connection, sent: sent)
    }

    /// Connects, shakes hands and waits until the hub has been told.
    static func connected(
        _ endpoint: HubEndpoint, id: String = "wire", identity: HubIdentity = .anonymous,
        over transportType: HubTransportType = .webSockets, on loop: NIOAsyncTestingEventLoop = .init()
    ) async throws -> Wire {
        let wire = try await open(endpoint, id: id, identity: identity, on: loop)
        try await wire.send("{\"protocol\":\"json\",\"version\":1}␞")
        try await wire.eventually { wire.transport.isReading }
        #expect(wire.takeFrames() == ["{}␞"])
        return wire
    }

    /// Sends text in which ␞ stands for the record separator.
    func send(_ text: String) async throws {
        try await send(ByteBuffer(string: text.replacing("␞", with: "\u{1E}")))
    }

    func send(_ bytes: ByteBuffer) async throws {
        try await loop.executeInContext { self.transport.send(bytes) }
        await loop.run()
    }

    func onLoop(_ body: @escaping @Sendable () -> Void) async throws {
        try await loop.executeInContext(body)
        await loop.run()
    }

    /// Turns the time on.
    func pass(seconds: Int64) async { await loop.advanceTime(by: .seconds(seconds)) }

    /// The transport messages since the last call, with ␞ for the record separator.
    func takeFrames() -> [String] {
        sent.frames.withLock { frames in
            defer { frames = [] }
            return frames.map { $0.replacing("\u{1E}", with: "␞") }
        }
    }

    /// The hub messages since the last call, however they were framed.
    func takeMessages() -> [String] {
        takeFrames().joined().split(separator: "␞").map(String.init)
    }

    var hasFrames: Bool { sent.frames.withLock { !$0.isEmpty } }

    /// Runs the event loop until something holds that tasks bring about.
    func eventually(_ condition: () -> Bool) async throws {
        try await HubServerTests.eventually {
            await loop.run()
            return condition()
        }
    }

    /// Runs the event loop until so many messages came, pings not counted.
    func messages(_ count: Int) async throws -> [String] {
        var messages: [String] = []
        try await eventually {
            messages += takeMessages().filter { $0 != "{\"type\":6}" }
            return messages.count >= count
        }
        return messages
    }
}

/// Waits until a condition holds; fails after ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "the condition did not come to hold")
        try await Task.sleep(for: .milliseconds(1))
    }
}
