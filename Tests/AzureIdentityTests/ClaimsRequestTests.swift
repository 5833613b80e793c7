import Testing

@testable import AzureIdentity

@Suite struct ClaimsRequestTests {
    @Test func aChallengeAloneGoesAsItCame() throws {
        #expect(try ClaimsRequest.merge(challenge: nil, isCAEEnabled: false) == nil)
        #expect(try ClaimsRequest.merge(challenge: "{ }", isCAEEnabled: false) == "{ }")
    }

    @Test func theCapabilityJoinsTheChallenge() throws {
        #expect(
            try ClaimsRequest.merge(challenge: nil, isCAEEnabled: true)
                == #"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#)
        #expect(
            try ClaimsRequest.merge(
                challenge: #"{"access_token":{"nbf":{"essential":true,"value":"16"}},"x":[1,null,"a/b"]}"#,
                isCAEEnabled: true)
                == #"{"access_token":{"nbf":{"essential":true,"value":"16"},"xms_cc":{"values":["CP1"]}},"x":[1,null,"a/b"]}"#
        )
    }

    @Test(arguments: ["", "nonsense", "[1]", "{"]) func whatIsNoChallengeIsRefused(challenge: String) {
        #expect(throws: ClaimsRequest.Malformed.self) {
            _ = try ClaimsRequest.merge(challenge: challenge, isCAEEnabled: true)
        }
    }
}
