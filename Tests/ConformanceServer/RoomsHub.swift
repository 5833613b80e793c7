import HubServer

/// A hub for tests of several servers: groups, and who is there.
enum RoomsHub {
    static func make() -> Hub {
        let hub = Hub(name: "RoomsHub", tracksPresence: true)
        hub.on("Id") { context in context.connectionID }
        hub.on("Add") { (context, connection: String, room: String) in
            "\(await context.groups.add(connection, to: room))"
        }
        hub.on("Remove") { (context, connection: String, room: String) in
            "\(await context.groups.remove(connection, from: room))"
        }
        hub.on("Members") { (context, room: String) in try await context.presence.members(ofGroup: room).sorted() }
        hub.on("Count") { (context, room: String) in try await context.presence.memberCount(ofGroup: room) }
        hub.on("ConnectionExists") { (context, id: String) in try await context.presence.connectionExists(id) }
        hub.on("GroupExists") { (context, room: String) in try await context.presence.groupExists(room) }
        return hub
    }
}
