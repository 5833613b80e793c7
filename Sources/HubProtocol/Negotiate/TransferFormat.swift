/// What a transport can carry and a protocol needs; the raw value is its name in a negotiate response.
package enum TransferFormat: String, Sendable {
    case text = "Text"
    case binary = "Binary"
}
