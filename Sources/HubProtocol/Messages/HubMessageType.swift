/// The numbers of the message types, the same in every encoding.
package enum HubMessageType: Int, Sendable, CaseIterable {
    case invocation = 1
    case streamItem = 2
    case completion = 3
    case streamInvocation = 4
    case cancelInvocation = 5
    case ping = 6
    case close = 7
    case ack = 8
    case sequence = 9
}
