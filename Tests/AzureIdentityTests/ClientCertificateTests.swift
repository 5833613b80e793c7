import AzureIdentityTesting
import Crypto
import CryptoExtras
import FoundationEssentials
import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import AzureIdentity

@Suite struct ClientCertificateTests {
    /// A certificate of a key of its own, made once: RSA keys take a while.
    private struct Sample {
        let key: _RSA.Signing.PrivateKey
        let certificate: [UInt8]

        var certificatePEM: String { PEMDocument(type: "CERTIFICATE", derBytes: certificate).pemString + "\n" }
        var keyPEM: String { key.pkcs8PEMRepresentation + "\n" }

        init(name: String) throws {
            key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let signer = Certificate.PrivateKey(key)
            let subject = try DistinguishedName { CommonName(name) }
            let made = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: signer.publicKey,
                notValidBefore: .now - 3600, notValidAfter: .now + 3600, issuer: subject, subject: subject,
                signatureAlgorithm: .sha256WithRSAEncryption, extensions: Certificate.Extensions(),
                issuerPrivateKey: signer)
            var serializer = DER.Serializer()
            try serializer.serialize(made)
            certificate = serializer.serializedBytes
        }
    }

    private static let own = Result { try Sample(name: "own") }
    private static let other = Result { try Sample(name: "other") }

    private static func decoded(_ part: Substring) throws -> Data {
        let text = part.replacing("-", with: "+").replacing("_", with: "/")
        return try #require(Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4)))
    }

    @Test func findsTheCertificateOfTheKeyWhereverItStands() throws {
        let own = try Self.own.get()
        let other = try Self.other.get()
        for text in [
            own.certificatePEM + own.keyPEM, own.keyPEM + own.certificatePEM,
            own.keyPEM + other.certificatePEM + own.certificatePEM,
        ] {
            let certificate = try ClientCertificate(Array(text.utf8), password: nil)
            #expect(certificate.chain.first == own.certificate)
            #expect(certificate.thumbprint == Data(SHA256.hash(data: own.certificate)).base64URLEncoded)
        }
    }

    @Test func readsPKCS12WithAndWithoutAPassword() throws {
        let own = try Self.own.get()
        let bundle = NIOSSLPKCS12Bundle(
            certificateChain: [try NIOSSLCertificate(bytes: own.certificate, format: .der)],
            privateKey: try NIOSSLPrivateKey(bytes: Array(own.key.derRepresentation), format: .der))
        for password in ["hunter2", ""] {
            let bytes = try bundle.serialize(passphrase: Array(password.utf8))
            #expect(try ClientCertificate(bytes, password: password).chain == [own.certificate])
        }
        let locked = try bundle.serialize(passphrase: Array("hunter2".utf8))
        for wrong in ["hunter3", nil] {
            #expect(throws: ClientCertificate.Failure.self) { _ = try ClientCertificate(locked, password: wrong) }
        }
    }

    @Test func refusesWhatIsNoCertificateWithAnRSAKey() throws {
        let own = try Self.own.get()
        let other = try Self.other.get()
        let elliptic = P256.Signing.PrivateKey().pemRepresentation
        for text in [
            "", "nonsense", own.keyPEM, own.certificatePEM, own.certificatePEM + other.keyPEM,
            own.certificatePEM + elliptic,
        ] {
            #expect(throws: ClientCertificate.Failure.self) {
                _ = try ClientCertificate(Array(text.utf8), password: nil)
            }
        }
    }

    @Test func entraCanCheckTheAssertion() async throws {
        let own = try Self.own.get()
        let time = ManualTime()
        let transport = ScriptedTransport(.token())
        let credential = try ClientCertificateCredential(
            tenantID: "t-1", clientID: "app-1", certificate: Array((own.certificatePEM + own.keyPEM).utf8),
            sendsCertificateChain: true, options: .test(transport, time: time))
        _ = try await credential.getToken(scope)
        let fields = try #require(transport.requests.first).formFields
        #expect(fields["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        #expect(fields["client_secret"] == nil)

        let parts = try #require(fields["client_assertion"]).split(separator: ".")
        try #require(parts.count == 3)
        let isValid = own.key.publicKey.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: try Self.decoded(parts[2])),
            for: Data("\(parts[0]).\(parts[1])".utf8), padding: .PSS)
        #expect(isValid)
        let header = try JSONDecoder().decode(Header.self, from: Self.decoded(parts[0]))
        #expect(header.alg == "PS256")
        #expect(header.thumbprint == Data(SHA256.hash(data: own.certificate)).base64URLEncoded)
        #expect(header.x5c == [Data(own.certificate).base64EncodedString()])
        let claims = try JSONDecoder().decode(Claims.self, from: Self.decoded(parts[1]))
        #expect(claims.aud == "https://login.microsoftonline.com/t-1/oauth2/v2.0/token")
        #expect(claims.iss == "app-1" && claims.sub == "app-1")
        #expect(claims.exp == Int(time.now.timeIntervalSince1970) + 600)
    }

    @Test func theEnvironmentNamesTheFile() async throws {
        let own = try Self.own.get()
        let folder = try TemporaryFolder()
        try folder.write("app.pem", own.certificatePEM + own.keyPEM)
        var environment = [
            "AZURE_TENANT_ID": "t-1", "AZURE_CLIENT_ID": "app-1",
            "AZURE_CLIENT_CERTIFICATE_PATH": folder.path("app.pem"),
        ]
        let transport = ScriptedTransport(.token())
        _ = try await EnvironmentCredential(options: .test(transport, environment: environment)).getToken(scope)
        #expect(transport.requests.first?.formFields["client_assertion"] != nil)

        environment["AZURE_CLIENT_CERTIFICATE_PATH"] = folder.path("none.pem")
        let error = #expect(throws: CredentialConfigurationError.self) {
            _ = try EnvironmentCredential(options: .test(transport, environment: environment))
        }
        #expect(error?.reason.contains("none.pem cannot be read") == true)
    }

    private struct Header: Decodable {
        let alg: String
        let thumbprint: String
        let x5c: [String]

        enum CodingKeys: String, CodingKey {
            case alg
            case thumbprint = "x5t#S256"
            case x5c
        }
    }

    private struct Claims: Decodable {
        let aud: String
        let iss: String
        let sub: String
        let exp: Int
    }
}
