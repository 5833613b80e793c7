import Foundation
import HTTPTypes
import HubProtocol
import HubServer
import NIOCore

@testable import HubTransports

/// What a client shows as its token: the value of the header, the query, or the JSON in a token, whose header and claims
/// say what another reader finds in that JSON.
func checkBearer(_ bytes: ByteBuffer) throws(Finding) {
    let text = String(buffer: bytes)
    var request = HTTPRequest(method: .get, scheme: "http", authority: "hub", path: "/hub?\(text)")
    if let token = request.bearerToken { _ = TokenHeader(of: token) }
    request.headerFields[.authorization] = text
    if let token = request.bearerToken { _ = TokenHeader(of: token) }

    let members = (try? JSONValue(validating: bytes))?.members()
    let part = Base64URL.encode(Array(bytes.readableBytesView))
    if let header = TokenHeader(of: "\(part).\(part).c2ln"), let members {
        try require(members.says("alg", header.alg), "the algorithm is one that the header names")
        try require(header.kid.map { members.says("kid", $0) } ?? true, "the key is one that the header names")
        try require(members.contains { $0.key == "crit" && !$0.value.isNull } == false, "no extension is passed over")
    }
    try checkClaims(bytes, members)
}

private let issuer = "https://issuer.example"
private let now = 1_700_000_000.0
private let rules: JWTRules = {
    var options = JWTBearerOptions()
    options.validIssuers = [issuer]
    options.clockSkew = .zero
    return JWTRules(options)
}()

private func checkClaims(_ bytes: ByteBuffer, _ members: [(key: String, value: JSONValue)]?) throws(Finding) {
    guard let claims = try? JSONDecoder().decode(JWTClaims.self, from: Data(bytes.readableBytesView)) else { return }
    let written = try require(try? JSONEncoder().encode(claims), "claims can be written")
    let again = try require(try? JSONDecoder().decode(JWTClaims.self, from: written), "written claims can be read")
    try require(again.principal == claims.principal, "what is read from written claims is what was written")
    guard rules.allow(claims, keyIssuer: nil, now: now), let members else { return }
    try require(members.says("iss", issuer), "claims that are believed are an issuer's")
    let isGood = members.contains { $0.key == "exp" && $0.value.number().map { $0 > now } ?? false }
    try require(isGood, "claims that are believed are not too old")
}

extension [(key: String, value: JSONValue)] {
    fileprivate func says(_ key: String, _ text: String) -> Bool {
        contains { $0.key == key && $0.value.string() == text }
    }
}

private let key = TokenKey(secret: Array("fuzzed".utf8))
private let audience = ConnectionToken.Audience(path: "/hub", userID: "ada")

/// A token that is believed is one that was signed for this hub and user, in the one spelling that it has.
func checkConnectionToken(_ bytes: ByteBuffer) throws(Finding) {
    let text = String(buffer: bytes)
    if let decoded = Base64URL.decode(text) {
        try require(Base64URL.encode(decoded) == text, "bytes are spelled in one way")
        let padded =
            text.replacing("-", with: "+").replacing("_", with: "/")
            + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        try require(Data(base64Encoded: padded).map(Array.init) == decoded, "another reader finds the same bytes")
    }
    if let token = connectionToken(text) {
        try require(token.signed(with: key, for: audience) == text, "what is believed is what was signed")
    }

    var fields = bytes
    guard let (flags, deadline, change) = fields.readMultipleIntegers(as: (UInt8, Int64, UInt16).self) else { return }
    let token = ConnectionToken(
        flags: ConnectionToken.Flags(rawValue: flags).intersection(.all), deadline: deadline)
    let signed = token.signed(with: key, for: audience)
    try require(connectionToken(signed) == token, "what was signed is read")
    var forged = try require(Base64URL.decode(signed), "a token can be decoded")
    forged[Int(change) / 8 % forged.count] ^= 1 << (change % 8)
    try require(connectionToken(Base64URL.encode(forged)) == nil, "no bit of a token can be changed")
}

private func connectionToken(_ text: String) -> ConnectionToken? {
    try? ConnectionToken(text, keys: [key], audience: audience)
}
