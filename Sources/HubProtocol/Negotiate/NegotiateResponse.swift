package import NIOCore

/// The JSON body of a negotiate response. It is sent with status 200 whatever it says (TransportProtocols.md, "POST /negotiate").
package enum NegotiateResponse: Sendable, Equatable {
    case accepted(NegotiatedConnection)
    /// The client's start fails with this text.
    case error(String)

    /// Appends the body.
    package func write(into buffer: inout ByteBuffer) {
        JSONWriter.append(to: &buffer) { writer in
            writer.beginObject()
            switch self {
            case .accepted(let connection):
                writer.members(of: connection)
            case .error(let error):
                writer.key("error")
                writer.string(error)
            }
            writer.endObject()
        }
    }
}

/// A connection that a client may now attach a transport to.
package struct NegotiatedConnection: Sendable, Equatable {
    package enum Identity: Sendable, Equatable {
        /// One id, which is known to others *and* goes into `id=` of the connection's requests.
        case version0(connectionID: String)
        /// The id that others know, and the secret that goes into `id=`.
        case version1(connectionID: String, connectionToken: String)
    }

    package var identity: Identity
    /// The enabled transports, in the order in which the client is to try them.
    package var transports: [HubTransportType]
    /// Only for a client that asked: any other fails its start when it reads true.
    package var useStatefulReconnect: Bool
    /// How long the client's token is good, where it may show a newer one while it is connected.
    package var tokenLifetimeSeconds: Int?

    package init(
        identity: Identity, transports: [HubTransportType], useStatefulReconnect: Bool = false,
        tokenLifetimeSeconds: Int? = nil
    ) {
        self.identity = identity
        self.transports = transports
        self.useStatefulReconnect = useStatefulReconnect
        self.tokenLifetimeSeconds = tokenLifetimeSeconds
    }
}

extension JSONWriter {
    fileprivate mutating func members(of connection: NegotiatedConnection) {
        key("negotiateVersion")
        switch connection.identity {
        case .version0(let connectionID):
            integer(0)
            key("connectionId")
            string(connectionID)
        case .version1(let connectionID, let connectionToken):
            integer(1)
            key("connectionId")
            string(connectionID)
            key("connectionToken")
            string(connectionToken)
        }
        if connection.useStatefulReconnect {
            key("useStatefulReconnect")
            bool(true)
        }
        if let seconds = connection.tokenLifetimeSeconds {
            key("tokenLifetimeSeconds")
            integer(seconds)
        }
        key("availableTransports")
        beginArray()
        for transport in connection.transports {
            beginObject()
            key("transport")
            string(transport.rawValue)
            key("transferFormats")
            beginArray()
            for format in transport.transferFormats { string(format.rawValue) }
            endArray()
            endObject()
        }
        endArray()
    }
}
