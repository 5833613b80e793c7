/// To whom a message goes.
enum HubDestination: Sendable {
    case all(except: [String])
    case caller(HubConnection)
    case connections([String])
    case groups([String], except: [String])
    case users([String])
}
