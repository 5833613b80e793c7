import Synchronization

/// The groups that have members on this node.
final class GroupRooms: Sendable {
    private let rooms = Mutex<[String: GroupRoom]>([:])

    func room(_ name: String, make: () -> GroupRoom) -> GroupRoom {
        rooms.withLock { rooms in
            if let room = rooms[name] { return room }
            let room = make()
            rooms[name] = room
            return room
        }
    }

    func leave(_ connection: String, _ name: String) {
        rooms.withLock { rooms in
            if rooms[name]?.leave(connection) == true { rooms[name] = nil }
        }
    }
}
