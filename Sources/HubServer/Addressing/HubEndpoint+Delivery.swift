import HubBackplane
import NIOCore

extension HubEndpoint {
    /// Brings a message to connections: to those on this node directly, to others through the backplane.
    func deliver(_ message: SharedMessage, to destination: HubDestination) {
        switch destination {
        case .caller(let connection):
            message.enqueue(for: [connection])
        case .all(let excluded):
            deliver(message, at: .all, locally: roster.all, except: excluded)
        case .groups(let groups, let excluded):
            for group in groups {
                deliver(message, at: .group(group), locally: roster.members(ofGroup: group), except: excluded)
            }
        case .users(let users):
            for user in users {
                deliver(message, at: .user(user), locally: roster.connections(ofUser: user), except: [])
            }
        case .connections(let ids):
            for id in ids {
                if let connection = roster.connection(id) {
                    message.enqueue(for: [connection])
                } else {
                    publish(.message(message, except: []), to: .connection(id))
                }
            }
        }
    }

    /// The connection that the destination is, where it is one, and on this node.
    func soleLocalReceiver(of destination: HubDestination) -> HubConnection? {
        switch destination {
        case .caller(let connection): connection
        case .connections(let ids) where ids.count == 1: roster.connection(ids[0])
        case .all, .connections, .groups, .users: nil
        }
    }

    func publish(
        _ body: Envelope.Body, to address: HubAddress, completion: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        subscriptions.publish(
            Envelope(sender: server.node, hub: hubName, body: body), to: address, completion: completion)
    }

    private func deliver(
        _ message: SharedMessage, at address: HubAddress, locally connections: [HubConnection],
        except excluded: [String]
    ) {
        enqueue(message, for: connections, except: excluded)
        publish(.message(message, except: excluded), to: address)
    }

    private func enqueue(_ message: SharedMessage, for connections: [HubConnection], except excluded: [String]) {
        if excluded.isEmpty { return message.enqueue(for: connections) }
        message.enqueue(for: connections.lazy.filter { !excluded.contains($0.id) })
    }
}

// MARK: From other nodes

extension HubEndpoint {
    /// Takes what came through the backplane, on a thread of its own.
    func receive(_ bytes: ByteBuffer, at address: HubAddress) {
        if case .connection(let id) = address, RelayMessage.isOne(bytes) { return relayed.receive(bytes, for: id) }
        guard let envelope = Envelope(bytes), envelope.hub == hubName else { return }
        switch envelope.body {
        case .message(let message, let excluded):
            // What this node sent was delivered here when it was sent.
            guard envelope.sender != server.node else { return }
            enqueue(message, for: receivers(at: address), except: excluded)
        case .command(let number, let command):
            // What this node asks of others it has done itself, for all that it has.
            if case .connection = address {
            } else if envelope.sender == server.node {
                return acknowledged(number, .notFound, by: server.node)
            }
            perform(command, at: address, number: number, for: envelope.sender)
        case .acknowledgement(let number, let outcome):
            acknowledged(number, outcome, by: envelope.sender)
        case .clientInvocation(let number, let message, let timeout):
            guard case .connection(let id) = address else { return }
            take(number, message, timeout: timeout, for: envelope.sender, id)
        case .clientInvocationTaken(let number):
            taken(number, by: envelope.sender)
        case .clientAnswer(let number, let answer):
            answers.finish(number, answer)
        }
    }

    func receivers(at address: HubAddress) -> [HubConnection] {
        switch address {
        case .all: roster.all
        case .connection(let id): roster.connection(id).map { [$0] } ?? []
        case .group(let name): roster.members(ofGroup: name)
        case .user(let id): roster.connections(ofUser: id)
        case .node: []
        }
    }
}
