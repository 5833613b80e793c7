import HubProtocol
import NIOCore
import Testing

@Suite struct NegotiateTests {
    func body(_ response: NegotiateResponse) -> String {
        var buffer = ByteBuffer()
        response.write(into: &buffer)
        return String(buffer: buffer)
    }

    @Test(
        arguments: [
            (nil, 0, 0), ("0", 0, 0), ("1", 0, 1), ("2", 0, 1), ("2147483647", 0, 1), ("1", 1, 1), ("7", 1, 1),
        ] as [(String?, Int, Int)])
    func choosesTheVersion(query: String?, minimum: Int, expected: Int) throws {
        #expect(try NegotiateRequest(negotiateVersion: query, minimumVersion: minimum).version == expected)
    }

    @Test(
        arguments: [
            ("", 0, .versionIsNotAnInteger), ("one", 0, .versionIsNotAnInteger), ("1.0", 0, .versionIsNotAnInteger),
            ("99999999999999999999", 0, .versionIsNotAnInteger), ("-1", 0, .versionIsNotSupported(-1)),
            (nil, 1, .versionIsNotSupported(0)), ("0", 1, .versionIsNotSupported(0)),
        ] as [(String?, Int, NegotiateError)])
    func refusesVersions(query: String?, minimum: Int, expected: NegotiateError) {
        let error = #expect(throws: NegotiateError.self) {
            try NegotiateRequest(negotiateVersion: query, minimumVersion: minimum)
        }
        #expect(error == expected)
        #expect(error?.description.isEmpty == false)
    }

    @Test(
        arguments: [(nil, false), ("true", true), ("True", true), ("false", false), ("1", false)] as [(String?, Bool)])
    func readsWhetherTheClientCanResume(query: String?, expected: Bool) throws {
        let request = try NegotiateRequest(negotiateVersion: "1", useStatefulReconnect: query)
        #expect(request.useStatefulReconnect == expected)
    }

    @Test func answersVersion0WithOneID() {
        let connection = NegotiatedConnection(identity: .version0(connectionID: "p9Qm"), transports: [.webSockets])
        #expect(
            body(.accepted(connection))
                == #"{"negotiateVersion":0,"connectionId":"p9Qm","availableTransports":"#
                + #"[{"transport":"WebSockets","transferFormats":["Text","Binary"]}]}"#)
    }

    @Test func answersVersion1WithAToken() {
        let connection = NegotiatedConnection(
            identity: .version1(connectionID: "p9Qm", connectionToken: "Zx1"), transports: HubTransportType.allCases)
        #expect(
            body(.accepted(connection))
                == #"{"negotiateVersion":1,"connectionId":"p9Qm","connectionToken":"Zx1","availableTransports":["#
                + #"{"transport":"WebSockets","transferFormats":["Text","Binary"]},"#
                + #"{"transport":"ServerSentEvents","transferFormats":["Text"]},"#
                + #"{"transport":"LongPolling","transferFormats":["Text","Binary"]}]}"#)
    }

    @Test func mentionsStatefulReconnectOnlyWhenAgreed() {
        let connection = NegotiatedConnection(
            identity: .version1(connectionID: "a", connectionToken: "b"), transports: [], useStatefulReconnect: true)
        #expect(
            body(.accepted(connection))
                == #"{"negotiateVersion":1,"connectionId":"a","connectionToken":"b","useStatefulReconnect":true,"#
                + #""availableTransports":[]}"#)
    }

    @Test func writesErrors() {
        #expect(
            body(.error(NegotiateError.versionIsNotSupported(0).description))
                == #"{"error":"The client requested version '0', but the server does not support this version."}"#)
    }
}
