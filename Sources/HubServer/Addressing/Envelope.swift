import HubBackplane

/// What the nodes of a hub say to each other through the backplane.
///
/// In bytes, integers big endian, strings and bytes behind their length in four bytes:
///
///     'H' | version 1 | kind | sender's node | hub | body
///
/// * kind 1, a message: count of excluded connection ids (4 bytes), the ids | count of encodings (1 byte), each as the
///   number of its encoding (1 byte; 1 = JSON, 2 = MessagePack) and the framed hub messages in it; JSON is always there,
///   MessagePack where it says more (see ``SharedMessage``)
/// * kind 2, a command, on the channel of a connection, a group, a user or all: number (8 bytes) | kind of command (1 byte), and then for
///   1 = add and 2 = remove: the group; 3 = authenticate: milliseconds (8 bytes, -1 for ever), count of claims (4 bytes),
///   their types and values; 4 = close: flags (1 byte; 1 = allow reconnect, 2 = with an error), the error, count of
///   excluded connection ids (4 bytes), the ids; 5 = find: whether in a group (1 byte), the group; 6 = remove from all groups;
///   7 = show: the stream
/// * kind 3, the acknowledgement of a command, on the channel of the node that sent it: number (8 bytes) | outcome (1 byte;
///   1 = done, 2 = no such connection, 3 = refused)
///
/// * kind 4, an invocation that the client is to answer, on the connection's channel: number (8 bytes) | milliseconds that it
///   may take (8 bytes) | encodings as in a message, of an invocation without an id
/// * kind 5, somebody holds that connection and asks its client, on the asking node's channel: number (8 bytes)
/// * kind 6, what became of it, on the asking node's channel: number (8 bytes) | outcome (1 byte; 1 = result, 2 = error,
///   others in ``ClientAnswer``), and then for a result: the number of its encoding (1 byte), the value; for an error: its text
///
/// Readers ignore what follows a body, and kinds and versions they do not know. A node's channel also carries messages of
/// others than hubs, which begin with another byte than 'H'.
struct Envelope: Sendable, Equatable {
    enum Body: Sendable, Equatable {
        case message(SharedMessage, except: [String])
        case command(number: UInt64, ConnectionCommand)
        case acknowledgement(number: UInt64, CommandOutcome)
        case clientInvocation(number: PendingAnswers.Number, SharedMessage, timeout: Duration)
        case clientInvocationTaken(number: PendingAnswers.Number)
        case clientAnswer(number: PendingAnswers.Number, ClientAnswer)
    }

    let sender: NodeID
    let hub: String
    let body: Body
}
