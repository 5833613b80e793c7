import HubBackplane
package import HubServer

/// The group chat.
///
/// Methods, events and their first arguments are those of ASP.NET's sample; a client of that sample works as it is.
extension ChatHub {
    private static let longestName = 64
    private static let joined = HubItemKey<GroupMembership>("hubbub.group")

    /// The hub to mount at `/groupChat`.
    package func groupHub() -> Hub {
        let hub = Hub(name: "groupChat", tracksPresence: true)
        hub.on("JoinGroup", joinGroup)
        hub.on("LeaveGroup", leaveGroup)
        hub.on("Chat", chat)
        hub.on("Members", members)
        hub.on("Resume", resume)
        hub.on("Stop", stop)
        hub.onDisconnected { context, _ in try await self.leaveGroup(context) }
        return hub
    }

    /// `JoinGroup(groupName[, {userName?, after?}])`: tells what was said, and from now on what is. A connection is in one group;
    /// joining another one leaves the first.
    private func joinGroup(
        _ context: HubContext, groupName: String, options: JoinOptions?
    ) async throws -> JoinResult {
        let group = try Self.checked(groupName, "group")
        let userName = try options?.userName.map { try Self.checked($0, "user") }
        let after = try options?.after.map { text in
            guard let id = LogID(cursor: text) else { throw HubError("The cursor is not one.") }
            return id
        }
        if let joined = context.items[Self.joined], joined.group != group { try await leaveGroup(context) }
        let membership = GroupMembership(
            group: group, connection: context.connectionID,
            userName: Self.name(of: context, given: userName) ?? "Somebody")
        return try await available {
            _ = await context.groups.add(context.connectionID, to: group)
            try await note(membership, isThere: true)
            let now = try await groups.backplane.time()
            let member = GroupMember(
                connection: context.connection, userName: membership.userName, hasOptions: options != nil)
            try await join(member, group, after: after, now: now)
            context.items[Self.joined] = membership
            // It may have gone while it joined, and told so before it was there.
            if context.isConnectionAborted { try await leaveGroup(context) }
            try await context.clients.othersInGroup(group).send("MemberJoined", membership.userName)
            return JoinResult(
                groupName: group, userName: membership.userName, members: try await members(of: group, context))
        }
    }

    private func join(_ member: GroupMember, _ group: String, after: LogID?, now: Int64) async throws {
        while true {
            let room = rooms.room(group) { GroupRoom(name: group, chat: self, log: groups) }
            do {
                try await room.open()
            } catch {
                // One that nobody could join is kept for nobody.
                rooms.leave(member.connection.id, group)
                throw error
            }
            if room.join(member, after: after, now: now) { return }
        }
    }

    /// `LeaveGroup()`
    private func leaveGroup(_ context: HubContext) async throws {
        guard let membership = context.items[Self.joined] else { return }
        context.items[Self.joined] = nil
        rooms.leave(context.connectionID, membership.group)
        try? await note(membership, isThere: false)
        try? await context.clients.othersInGroup(membership.group).send("MemberLeft", membership.userName)
        _ = await context.groups.remove(context.connectionID, from: membership.group)
    }

    /// `Members()`: who is in the group, on all nodes, one name for each connection, sorted.
    private func members(_ context: HubContext) async throws -> [String] {
        guard let membership = context.items[Self.joined] else { throw Self.notInGroup }
        return try await available { try await members(of: membership.group, context) }
    }

    /// `Chat(userName, message)`: says something to the group; with `@gpt` in it the model replies.
    private func chat(_ context: HubContext, userName: String, message: String) async throws -> ChatResult {
        guard let membership = context.items[Self.joined] else { throw Self.notInGroup }
        guard !message.allSatisfy(\.isWhitespace) else { throw HubError("The message is empty.") }
        guard message.utf8.count <= configuration.maximumPromptBytes else {
            throw HubError("The message is longer than \(configuration.maximumPromptBytes) bytes.")
        }
        let userName = try Self.name(of: context, given: Self.checked(userName, "user")) ?? membership.userName
        let said = try await available {
            try await groups.append(
                .message(userName: userName, text: message, connection: context.connectionID), to: membership.group)
        }
        var result = ChatResult(cursor: "\(said.id)")
        if let text = GroupMention.question(in: message) {
            let question = GroupQuestion(group: membership.group, turn: said.id, asker: context.userID ?? "")
            result.messageId = try await ask(context, "\(userName): \(text)", question, by: userName)
        }
        return result
    }

    // MARK: Names

    private static let notInGroup = HubError("Join a group first.")

    private static func checked(_ name: String, _ what: String) throws -> String {
        guard (1...longestName).contains(name.count), name.utf8.count <= 200, !name.allSatisfy(\.isWhitespace) else {
            throw HubError("The \(what) name is not one: it takes 1 to \(longestName) characters.")
        }
        return name
    }

    /// Who is authenticated cannot speak as somebody else.
    private static func name(of context: HubContext, given name: String?) -> String? {
        context.user?.first("name") ?? context.userID ?? name
    }

    // MARK: Presence

    private func note(_ membership: GroupMembership, isThere: Bool) async throws {
        let entry: Set = ["\(membership.connection) \(membership.userName)"]
        try await groups.backplane.change(
            groups.names.groupChat(membership.group).members, add: isThere ? entry : [], remove: isThere ? [] : entry,
            timeToLive: groups.configuration.retention)
    }

    /// Names are written down beside the connections that the hub knows to be there; those of others are forgotten.
    private func members(of group: String, _ context: HubContext) async throws -> [String] {
        let set = groups.names.groupChat(group).members
        let connections = try await context.presence.members(ofGroup: group)
        let entries = try await groups.backplane.members(of: [set]).first ?? []
        let (there, gone) = (
            entries.filter { connections.contains(String($0.prefix { $0 != " " })) },
            entries.filter { !connections.contains(String($0.prefix { $0 != " " })) }
        )
        if !gone.isEmpty {
            try await groups.backplane.change(
                set, add: [], remove: gone, timeToLive: groups.configuration.retention)
        }
        return there.map { String($0.drop { $0 != " " }.dropFirst()) }.sorted()
    }
}

/// A connection's place in a group.
private struct GroupMembership: Sendable {
    let group: String
    let connection: String
    let userName: String
}
