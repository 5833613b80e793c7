/// Which of the identities that are assigned to a host.
public enum ManagedIdentityID: Sendable, Hashable {
    /// The one of the host itself.
    case systemAssigned
    /// A user-assigned one, by its client id.
    case clientID(String)
    /// A user-assigned one, by the object id of its service principal.
    case objectID(String)
    /// A user-assigned one, by its Azure resource id.
    case resourceID(String)
}

extension ManagedIdentityID {
    /// As a parameter of a request.
    ///
    /// - Parameter resourceID: What the source calls a resource id.
    func query(
        clientID: String = "client_id", resourceID: String = "msi_res_id"
    ) -> [(name: String, value: String)] {
        switch self {
        case .systemAssigned: []
        case .clientID(let id): [(clientID, id)]
        case .objectID(let id): [("object_id", id)]
        case .resourceID(let id): [(resourceID, id)]
        }
    }
}
