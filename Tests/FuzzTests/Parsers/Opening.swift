import HubProtocol
import NIOCore

/// What a handshake says can be said in the plain form, which reads the same.
func checkHandshake(_ record: ByteBuffer) throws(Finding) {
    guard let handshake = try? HandshakeRequest.parse(record) else { return }
    var plain = ByteBuffer()
    JSONWriter.append(to: &plain) { writer in
        writer.beginObject()
        writer.key("protocol")
        writer.string(handshake.protocolName)
        writer.key("version")
        writer.integer(handshake.version)
        writer.endObject()
    }
    try require((try? HandshakeRequest.parse(plain)) == handshake, "a handshake in its plain form is the same")
}

/// Every answer to a negotiation is JSON that gives back the strings in it.
func checkNegotiation(_ query: ByteBuffer) throws(Finding) {
    let lines = String(buffer: query).split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        .map(String.init)
    let text = lines.count > 2 ? lines[2] : ""
    do {
        let request = try NegotiateRequest(
            negotiateVersion: lines.first, useStatefulReconnect: lines.count > 1 ? lines[1] : nil)
        try require((0...NegotiateRequest.highestVersion).contains(request.version), "an answered version is known")
        let connection = NegotiatedConnection(
            identity: .version1(connectionID: text, connectionToken: text), transports: HubTransportType.allCases,
            useStatefulReconnect: request.useStatefulReconnect, tokenLifetimeSeconds: request.version)
        try checkStrings(["connectionId", "connectionToken"], are: text, in: .accepted(connection))
    } catch let error as NegotiateError {
        try checkStrings(["error"], are: error.description, in: .error(error.description))
    } catch {
        throw Finding(description: "\(error)")
    }
}

private func checkStrings(_ names: [String], are text: String, in response: NegotiateResponse) throws(Finding) {
    var body = ByteBuffer()
    response.write(into: &body)
    let members = try require((try? JSONValue(validating: body))?.members(), "the answer is an object in JSON")
    for name in names {
        let value = members.first { $0.key == name }?.value.string()
        // Not as strings, of which those are equal that look the same.
        try require(value.map { Array($0.utf8) } == Array(text.utf8), "a string of the answer is as it was given")
    }
}
