/// How much may be asked. Nothing is limited unless it is said here.
///
/// Users are counted across nodes, through the backplane; who is not authenticated is counted by connection.
package struct ReplyLimits: Sendable, Equatable {
    /// Most replies that one connection may have under way.
    package var perConnection: Int?
    /// Most replies that one user may have under way.
    package var perUser: Int?
    /// Most replies that connections of one node may have under way, wherever they are produced.
    package var perNode: Int?
    /// Most questions of one user within any minute.
    package var promptsPerMinute: Int?
    /// Most tokens, of questions and replies, that one user may use in a day of UTC. A reply that is under way goes on to
    /// its end, however many it takes. Only authenticated users have one.
    package var tokensPerDay: Int?

    package init() {}
}
