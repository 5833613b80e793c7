import FoundationEssentials
import HubServer
import HubTesting
import NIOCore
import Synchronization
import Testing

/// However many clients on a node a message is for, it is encoded there once for those of each protocol.
@Suite(.timeLimit(.minutes(1))) struct EncodingCountTests {
    enum Audience: String, CaseIterable, Codable {
        case all, group, user

        fileprivate func proxy(_ clients: HubCallerClients) -> HubClientProxy {
            switch self {
            case .all: clients.all
            case .group: clients.group("everyone")
            case .user: clients.user("everybody")
            }
        }
    }

    /// - Parameter isExactInJSON: Where JSON does not tell all, the MessagePack goes along between the nodes.
    @Test(arguments: Audience.allCases, [true, false])
    func aMessageIsEncodedOncePerProtocolAndNode(audience: Audience, isExactInJSON: Bool) async throws {
        let large = CountedMessage(isExactInJSON: isExactInJSON)
        let cluster = Cluster { hub in
            hub.on("Tell") { (context, audience: Audience) in
                try await audience.proxy(context.clients).send("News", large)
            }
        }
        var receivers: [[HubTestClient]] = []
        for node in cluster.nodes {
            var clients: [HubTestClient] = []
            for number in 0..<100 {
                let client = try await HubTestClient.connect(
                    to: node, userID: "everybody", speaksMessagePack: number.isMultiple(of: 2))
                try await client.invoke("Join", "everyone")
                clients.append(client)
            }
            receivers.append(clients)
        }
        try await HubTestClient.connect(to: cluster.nodes[0]).invoke("Tell", audience)
        try await eventually { receivers.joined().allSatisfy { $0.news.count == 1 } }

        #expect(large.encodings == 1)
        for node in receivers {
            let news = node.map(\.news[0])
            for protocolNumber in 0..<2 {
                let ofOne = news.indices.filter { $0 % 2 == protocolNumber }.map { news[$0].address }
                #expect(ofOne.count == 50 && Set(ofOne).count == 1)
            }
        }
    }
}

/// A message that is handed to transports uncopied, so that what was encoded once has one address; it counts how often it is
/// made a value for clients.
private final class CountedMessage: Encodable, Sendable {
    private static let size = 20_000
    private let isExactInJSON: Bool
    private let count = Atomic(0)

    var encodings: Int { count.load(ordering: .relaxed) }

    init(isExactInJSON: Bool) { self.isExactInJSON = isExactInJSON }

    func encode(to encoder: any Encoder) throws {
        count.wrappingAdd(1, ordering: .relaxed)
        var container = encoder.singleValueContainer()
        if isExactInJSON {
            try container.encode(String(repeating: "x", count: Self.size))
        } else {
            try container.encode(Data(repeating: 7, count: Self.size))
        }
    }
}

extension HubTestClient {
    /// What came with each "News", in the bytes that the transport was given.
    fileprivate var news: [ByteBuffer] {
        inbox.messages.compactMap { message in
            guard case .invocation(let invocation) = message, invocation.target == "News" else { return nil }
            return invocation.arguments[0]
        }
    }
}

extension ByteBuffer {
    fileprivate var address: UInt { withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } }
}
