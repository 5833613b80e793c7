extension Hub {
    /// Lets only some clients use the hub (`[Authorize]` on a hub).
    ///
    /// Others are refused on each of their HTTP requests: with 401 where they are not authenticated, with 403 else.
    /// Several policies all have to be met.
    ///
    /// - Parameter policy: Who may use the hub; whoever is authenticated where none is given.
    public func requireAuthorization(_ policy: AuthorizationPolicy = .authenticatedUser) {
        change { registrations in
            registrations.authorization = registrations.authorization?.and(policy) ?? policy
        }
    }

    /// Lets only some clients invoke a method (`[Authorize]` on a hub method).
    ///
    /// For others the invocation ends with the error `Failed to invoke 'X' because user is unauthorized`, and the method
    /// is not called. Several policies all have to be met.
    ///
    /// - Parameters:
    ///   - policy: Who may; it is told the method and its arguments (``AuthorizationContext/invocation``).
    ///   - method: A registered method's name, matched without regard to case.
    public func requireAuthorization(
        _ policy: AuthorizationPolicy = .authenticatedUser, toInvoke method: String
    ) {
        let name = method.lowercased()
        change { registrations in
            precondition(registrations.methods[name] != nil, "the hub has no method '\(method)' to protect")
            registrations.methodAuthorization[name] =
                registrations.methodAuthorization[name]?.and(policy) ?? policy
        }
    }
}

extension HubEndpoint {
    /// Who may use the hub; nil for everybody.
    package var authorization: AuthorizationPolicy? { registrations.authorization }
}

/// The client may not invoke the method.
struct HubUnauthorizedError: Error {}

extension HubConnection {
    /// Asks the method's policy, where it has one.
    func authorize(_ invocation: Invocation, _ context: HubContext) async throws {
        guard !endpoint.registrations.methodAuthorization.isEmpty,
            let policy = endpoint.registrations.methodAuthorization[invocation.method.name.lowercased()]
        else { return }
        let isAllowed = await policy.allows(
            context.user, invoking: HubInvocationContext(invocation, context: context))
        guard isAllowed else { throw HubUnauthorizedError() }
    }
}
