import ChunkStreams
import Testing

@Suite struct ChunkStreamIDTests {
    @Test func logsGetTooLittleToResumeOrStopTheStream() throws {
        let id = try #require(ChunkStreamID("0123456789abcdef0123456789abcdef"))
        #expect(id.logged == "01234567")
        #expect(ChunkStreamID(String(id.logged)) == nil)
    }
}
