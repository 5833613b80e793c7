import HubBackplane
import NIOCore

/// What edges and homes on different nodes say to each other through the backplane.
///
/// In bytes, integers big endian, strings and bytes behind their length in four bytes:
///
///     'R' | version 1 | kind | body
///
/// To a home, on its connection's channel; a request is known by its edge's node and a number, 8 bytes:
/// * kind 1, a request: node | number | deadline (ms since 1970 by the backplane's clock, 8 bytes) | identity |
///   what is asked:
///     * 1, bytes: index of the piece (2 bytes) | count of pieces (2) | bytes
///     * 2, a poll: 0, or 1 and the HTTP request
///     * 3, a stream of server-sent events: the HTTP request
///     * 4, the end
///     * 5, a WebSocket for a connection that is there
///     * 6, room for a large body
/// * kind 2, what became of a poll: node | number | 1 = delivered, 0 = not
/// * kind 3, what a session's edge says: node | number | count of what it said before (4 bytes) | a session's message
///
/// To an edge, on its node's channel:
/// * kind 4, the request is there: number | the home's node | how many pieces of it are (2 bytes)
/// * kind 5, the answer: number | the home's node | connection | 1 accepted; 2 connected; 3 messages: bytes; 4 timed out;
///   5 ended; 6 opened; 7 terminated; 8 refused: ``HomeRefusal``
/// * kind 6, what a session's home says: number | connection | count of what it said before (4 bytes) | a session's message
///
/// A session's message: 1 data: bytes; 2 consumed: how much (4 bytes); 3 close: ``TransportClose``; 4 ended: ``SessionEnd``;
/// 5 format: 1 = text, 2 = binary.
/// An identity: 0, or 1 and what names the user | 0, or 1 and the claims, packed, where the home needs them | 0, or 1 and for how
/// many ms it is good (8 bytes) | 1 where the connection ends then, else 0.
/// An HTTP request: path | ``HubTransportType`` by name | 0, or 1 and the address | query | headers, both packed.
///
/// Readers ignore what follows a body, and kinds and versions they do not know.
enum RelayMessage: Sendable {
    case request(RelayRequestID, RelayRequest)
    case finished(RelayRequestID, delivered: Bool)
    case fromEdge(RelayRequestID, count: UInt32, SessionMessage)

    case received(UInt64, home: NodeID, pieces: UInt16)
    case answer(UInt64, home: NodeID, connection: String, RelayAnswer)
    case fromHome(UInt64, connection: String, count: UInt32, SessionMessage)
}

/// One request, in whatever message it is spoken of. It is repeated under the same id, so that it is done once.
struct RelayRequestID: Sendable, Hashable {
    let edge: NodeID
    let number: UInt64
}

/// A request on its way to a home.
struct RelayRequest: Sendable {
    enum Body: Sendable {
        case send(piece: UInt16, of: UInt16, ByteBuffer)
        case room
        case poll(ConnectionRequest?)
        case serverSentEvents(ConnectionRequest)
        case webSocket
        case terminate
    }

    let identity: HubIdentity
    /// After this the edge has given up: by the backplane's clock, in milliseconds since 1970.
    let deadline: Int64
    let body: Body
}

/// A ``HomeAnswer`` on its way to an edge.
enum RelayAnswer: Sendable, Equatable {
    case accepted
    case poll(PollAnswer)
    case opened
    case terminated
    case refused(HomeRefusal)
}
