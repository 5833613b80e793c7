public import HubBackplane
import NIOConcurrencyHelpers
import NIOCore

/// A lease is a key of its own; one set has the names of all nodes, so that nobody has to search the keys.
extension RedisBackplane {
    public func renewLease(of node: NodeID, count: UInt64, timeToLive: Duration) async throws {
        let lease = NodeLease(count: count, isResubscribing: !availability.isSubscribed)
        let replies = try await leases.send(replies: 3) { [names] buffer in
            buffer.writeCommand(
                "SET", .text(names.lease(node).rawValue), .text(lease.redis), "PX", .number(timeToLive.milliseconds))
            buffer.writeCommand("SADD", .text(names.leases.rawValue), .text(node.rawValue))
            buffer.writeExpire(names.leases, after: timeToLive)
        }
        try replies.throwFirstError()
    }

    public func leases(of nodes: Set<NodeID>?) async throws -> [NodeID: NodeLease] {
        if let nodes { return try await leases(of: Array(nodes)) }
        let members = try await leases.send("SMEMBERS", .text(names.leases.rawValue)).array ?? []
        let nodes = members.compactMap { $0.string.map { NodeID(String(buffer: $0)) } }
        let found = try await leases(of: nodes)
        forget(nodes.filter { found[$0] == nil })
        return found
    }

    public var lastDelivery: ContinuousClock.Instant? { canaryHeard.withLockedValue { $0 } }

    private func leases(of nodes: [NodeID]) async throws -> [NodeID: NodeLease] {
        if nodes.isEmpty { return [:] }
        let keys = nodes.map { RESPArgument.text(names.lease($0).rawValue) }
        let reply = try await leases.send { $0.writeCommand(["MGET"] + keys) }[0]
        if let error = reply.error { throw BackplaneError(redis: error) }
        guard let values = reply.array, values.count == nodes.count else {
            throw BackplaneError.unexpectedReply(to: "MGET")
        }
        let found = zip(nodes, values).compactMap { node, value in
            value.string.flatMap { NodeLease(redis: String(buffer: $0)) }.map { (node, $0) }
        }
        return Dictionary(found, uniquingKeysWith: { $1 })
    }

    /// Nodes whose leases have lapsed. One that still lives is back with its next renewal.
    private func forget(_ nodes: [NodeID]) {
        if nodes.isEmpty { return }
        let names = nodes.map { RESPArgument.text($0.rawValue) }
        let index = RESPArgument.text(self.names.leases.rawValue)
        leases.send(encode: { $0.writeCommand(["SREM", index] + names) }, complete: { _ in })
    }
}

extension NodeLease {
    private static let resubscribing = "resubscribing"

    /// `COUNT`, followed by a word where the node is resubscribing.
    fileprivate var redis: String { isResubscribing ? "\(count) \(Self.resubscribing)" : "\(count)" }

    fileprivate init?(redis text: String) {
        let words = text.split(separator: " ")
        guard let count = words.first.flatMap({ UInt64($0) }) else { return nil }
        self.init(count: count, isResubscribing: words.dropFirst().contains { $0 == Self.resubscribing })
    }
}
