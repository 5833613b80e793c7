package import HubServer
package import NIOCore

/// The hub's connection writes; polls or a stream take it to the client.
extension HTTPConnection: ConnectionTransport {
    package var isWritable: Bool {
        switch state.phase {
        case .longPolling(let machine): machine.isWritable
        case .stream(let session): session.window.isOpen
        case .unattached, .ended: false
        }
    }

    package var timesItsWrites: Bool {
        if case .longPolling = state.phase { true } else { false }
    }

    package func write(_ messages: consuming ByteBuffer) {
        switch state.phase {
        case .longPolling(var machine):
            state.phase = .ended
            machine.write(messages)
            state.phase = .longPolling(machine)
        case .stream(var session):
            session.window.sent(messages.readableBytes)
            state.phase = .stream(session)
            session.edge.take(.data(messages))
        case .unattached, .ended:
            break
        }
    }

    package func flush() { poll { $0.flush() } }

    /// The hub's connection is done: it is told so at once, polls get what is left.
    package func close(_ close: TransportClose) {
        switch state.phase {
        case .longPolling:
            eventLoop.execute {
                self.disconnect()
                if close == .abort { self.remove() } else { self.poll { $0.close() } }
            }
        case .stream(let session):
            session.edge.take(.close(close))
            // Whether the edge has something to say of it or not.
            if close == .abort { eventLoop.execute { self.remove() } }
        case .unattached, .ended:
            break
        }
    }
}
