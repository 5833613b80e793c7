import HubBackplane

extension Availability {
    /// The lasting connections that are up; the backplane can be used only while all are.
    struct StateMachine {
        private let needed: Set<RedisLink.Role>
        private var up: Set<RedisLink.Role> = []

        init(needed: Set<RedisLink.Role>) { self.needed = needed }

        var isReady: Bool { up == needed }

        func isUp(_ role: RedisLink.Role) -> Bool { up.contains(role) }

        /// Notes that a connection came up or went down.
        ///
        /// - Returns: What is to be told, if anything.
        mutating func changed(_ role: RedisLink.Role, isUp: Bool) -> BackplaneState? {
            let wasReady = isReady
            if isUp { up.insert(role) } else { up.remove(role) }
            if isReady == wasReady { return nil }
            return isReady ? .ready : .away
        }
    }
}
