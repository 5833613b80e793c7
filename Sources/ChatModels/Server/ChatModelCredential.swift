/// What a model's server, or that of a content filter, is shown: a key or a token, asked for with each request, since both change.
public enum ChatModelCredential: Sendable {
    /// Nothing, for servers that want nothing.
    case none
    /// A key that stays.
    case key(APIKey)
    /// A key that may be replaced while the process runs. After a refusal it is asked for once more and told which key was
    /// refused.
    case changingKey(@Sendable (_ refused: APIKey?) async throws -> APIKey)
    /// An access token, such as one of Microsoft Entra ID. After a refusal it is asked for once more and told which token
    /// was refused.
    case token(@Sendable (_ refused: APIKey?) async throws -> APIKey)

    /// What is to be shown now.
    func secret(refused: APIKey?) async throws -> APIKey? {
        switch self {
        case .none: nil
        case .key(let key): key
        case .changingKey(let key): try await key(refused)
        case .token(let token): try await token(refused)
        }
    }

    /// Whether another secret may be had after one was refused.
    var mayChange: Bool {
        switch self {
        case .none, .key: false
        case .changingKey, .token: true
        }
    }

    var isToken: Bool { if case .token = self { true } else { false } }
}
