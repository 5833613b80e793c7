import HubServer

/// A hub for tests of several servers: groups, who is there, and what clients are told beside the results of invocations.
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
        hub.on("Enter") { (context, room: String) in
            "\(await context.groups.add(context.connectionID, to: room))"
        }
        hub.on("Say") { (context, room: String, text: String) in
            try await context.clients.group(room).send("Said", text)
        }
        hub.on("Gather") { (context, strings: HubUpload<String>) in
            var gathered: [String] = []
            for try await string in strings { gathered.append(string) }
            try await context.clients.caller.send("Gathered", gathered)
        }
        hub.on("Members") { (context, room: String) in try await context.presence.members(ofGroup: room).sorted() }
        hub.on("Count") { (context, room: String) in try await context.presence.memberCount(ofGroup: room) }
        hub.on("ConnectionExists") { (context, id: String) in try await context.presence.connectionExists(id) }
        hub.on("GroupExists") { (context, room: String) in try await context.presence.groupExists(room) }
        return hub
    }
}
