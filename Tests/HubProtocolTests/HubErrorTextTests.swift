import HubProtocol
import Testing

/// The literal texts that the clients' own tests compare.
@Suite struct HubErrorTextTests {
    let refusal = HubErrorText.Detail(typeName: "HubException", message: "not your turn")

    @Test func connectionTexts() {
        #expect(HubErrorText.connectionClosed() == "Connection closed with an error.")
        #expect(
            HubErrorText.connectionClosed(refusal) == "Connection closed with an error. HubException: not your turn")
    }

    @Test func invocationTexts() {
        #expect(HubErrorText.unknownMethod("X") == "Unknown hub method 'X'")
        #expect(HubErrorText.failedToInvoke("X") == "Failed to invoke 'X' due to an error on the server.")
        #expect(
            HubErrorText.failedToInvoke("X", .argumentCount(provided: 2, expected: 1))
                == "Failed to invoke 'X' due to an error on the server. "
                + "InvalidDataException: Invocation provides 2 argument(s) but target expects 1.")
        #expect(
            HubErrorText.methodFailed("X", .streamCount(sent: 1, expected: 0))
                == "An unexpected error occurred invoking 'X' on the server. "
                + "HubException: Client sent 1 stream(s), Hub method expects 0.")
        #expect(
            HubErrorText.methodFailed("X", refusal)
                == "An unexpected error occurred invoking 'X' on the server. HubException: not your turn")
        #expect(HubErrorText.streamFailed() == "An error occurred on the server while streaming results.")
        #expect(HubErrorText.unauthorized("X") == "Failed to invoke 'X' because user is unauthorized")
        #expect(HubErrorText.invocationIDInUse("x") == "Invocation ID 'x' is already in use.")
        #expect(
            HubErrorText.streamingMethodInvokedWithoutStream("X")
                == "The client attempted to invoke the streaming 'X' method with a non-streaming invocation.")
        #expect(
            HubErrorText.nonStreamingMethodInvokedAsStream("X")
                == "The client attempted to invoke the non-streaming 'X' method with a streaming invocation.")
    }

    @Test func clientResultTexts() {
        #expect(HubErrorText.connectionDoesNotExist("x") == "Connection 'x' does not exist.")
        #expect(HubErrorText.connectionDisconnected("x") == "Connection 'x' disconnected.")
        #expect(HubErrorText.invocationCanceled == "Invocation canceled by the server.")
    }
}
