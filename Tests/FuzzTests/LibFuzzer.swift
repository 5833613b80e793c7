import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Which parser this process fuzzes.
private let parser: FuzzedParser = {
    guard let parser = getenv("FUZZED_PARSER").flatMap({ FuzzedParser(rawValue: String(cString: $0)) }) else {
        let names = FuzzedParser.allCases.map(\.rawValue).joined(separator: ", ")
        fatalError("FUZZED_PARSER is one of: \(names)")
    }
    return parser
}()

/// What libFuzzer calls with every input that it makes up (LLVM, "libFuzzer: Fuzz Target").
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try parser.check(ByteBuffer(bytes: UnsafeBufferPointer(start: start, count: count)))
    } catch {
        fatalError("\(parser.rawValue): \(error)")
    }
    return 0
}
