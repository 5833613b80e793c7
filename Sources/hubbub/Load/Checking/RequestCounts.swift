/// How many requests clients made that use no WebSocket.
struct RequestCounts: Sendable, Encodable {
    var posts = 0
    var polls = 0

    static func += (counts: inout RequestCounts, other: RequestCounts) {
        counts.posts += other.posts
        counts.polls += other.polls
    }

    static func - (counts: RequestCounts, other: RequestCounts) -> RequestCounts {
        RequestCounts(posts: counts.posts - other.posts, polls: counts.polls - other.polls)
    }
}
