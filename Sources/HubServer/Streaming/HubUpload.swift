import HubProtocol
import NIOCore

/// A stream that the client sends along with an invocation: a parameter of a hub's method.
///
/// ```swift
/// hub.on("Upload") { (context, name: String, lines: HubUpload<String>) in
///     for try await line in lines { … }
/// }
/// ```
///
/// A method may have several; the client's streams are taken in their order. Iterate each once. Items wait in a bounded
/// buffer (``HubOptions/streamBufferCapacity``): a client that sends faster than they are taken is held up. What the method
/// has not read when it returns is dropped.
///
/// Iterating throws a ``HubError`` with the client's words when the client ends the stream with an error, an error when an
/// item is not an `Element`, and `CancellationError` when the connection ends or the invocation is cancelled.
public struct HubUpload<Element: Decodable & Sendable>: AsyncSequence, Sendable {
    private let source: HubUploadSource

    init(_ source: HubUploadSource) { self.source = source }

    /// Begins to take the items.
    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    /// Takes one item after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private let source: HubUploadSource

        fileprivate init(source: HubUploadSource) { self.source = source }

        /// The next item; nil when the client has ended the stream.
        public mutating func next() async throws -> Element? {
            guard let item = try await source.uploads.next(of: source.number) else { return nil }
            do {
                return try ReceivedValue(item, source.encoding).decode(as: Element.self)
            } catch {
                source.uploads.close(source.number)
                throw HubUploadError.itemType
            }
        }
    }
}

/// So that an upload can stand among the parameters of a method.
extension HubUpload: Decodable {
    /// Throws: an upload is a parameter of its own, never a part of an argument.
    public init(from decoder: any Decoder) throws {
        throw DecodingError.dataCorrupted(
            DecodingError.Context(
                codingPath: decoder.codingPath, debugDescription: "An upload is not a part of an argument."))
    }
}

/// Where the items of an upload come from.
struct HubUploadSource: Sendable {
    let uploads: Uploads
    let number: Uploads.Number
    let encoding: HubEncoding
}

/// A parameter that takes one of the client's streams in place of an argument.
protocol HubUploadParameter {
    init(_ source: HubUploadSource)
}

extension HubUpload: HubUploadParameter {}

/// Why an upload cannot be read any further, other than by what its client says.
enum HubUploadError: HubErrorNaming {
    case itemType

    var hubErrorName: String { "InvalidDataException" }
    var hubErrorMessage: String { "Error binding a stream item. Make sure that its type matches the hub method's." }
}
