/// What a client must be to use a hub or to invoke one of its methods: requirements that all have to be met.
///
/// ```swift
/// hub.requireAuthorization()
/// hub.requireAuthorization(.role("moderator").and(.scope("chat.write")), toInvoke: "Delete")
/// ```
public struct AuthorizationPolicy: Sendable {
    private typealias Requirement = @Sendable (AuthorizationContext) async -> Bool

    private let requirements: [Requirement]

    /// Whoever has been authenticated (ASP.NET's `RequireAuthenticatedUser`). All other policies ask for this, too.
    public static let authenticatedUser = AuthorizationPolicy(requirements: [])

    /// Users in one of these roles (`RequireRole`).
    public static func role(_ roles: String...) -> AuthorizationPolicy {
        AuthorizationPolicy(requirements: [{ context in roles.contains { context.user.isInRole($0) } }])
    }

    /// Users with a claim of this type and one of these values, any value where none is given (`RequireClaim`).
    public static func claim(_ type: String, _ values: String...) -> AuthorizationPolicy {
        AuthorizationPolicy(requirements: [
            { context in
                let claimed = context.user.all(type)
                return values.isEmpty ? !claimed.isEmpty : claimed.contains(where: values.contains)
            }
        ])
    }

    /// Users whose token has one of these scopes, see ``ClaimsPrincipal/hasScope(_:)``.
    public static func scope(_ scopes: String...) -> AuthorizationPolicy {
        AuthorizationPolicy(requirements: [{ context in scopes.contains { context.user.hasScope($0) } }])
    }

    /// Users that a closure lets through (`RequireAssertion`).
    ///
    /// - Parameter body: Is told who the user is and, for a method, what is invoked with which arguments. It is called
    ///   for every request or every invocation.
    public static func assertion(
        _ body: @escaping @Sendable (AuthorizationContext) async -> Bool
    ) -> AuthorizationPolicy {
        AuthorizationPolicy(requirements: [body])
    }

    /// The requirements of both.
    public func and(_ other: AuthorizationPolicy) -> AuthorizationPolicy {
        AuthorizationPolicy(requirements: requirements + other.requirements)
    }

    /// Whether the requirements are met.
    package func allows(_ user: ClaimsPrincipal?, invoking invocation: HubInvocationContext? = nil) async -> Bool {
        guard let user else { return false }
        let context = AuthorizationContext(user: user, invocation: invocation)
        for requirement in requirements {
            guard await requirement(context) else { return false }
        }
        return true
    }
}

/// What a policy decides about.
public struct AuthorizationContext: Sendable {
    /// Who asks.
    public let user: ClaimsPrincipal
    /// What the user invokes; nil where it is the hub that is asked for, by a request.
    public let invocation: HubInvocationContext?
}
