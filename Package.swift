// swift-tools-version: 6.2
import PackageDescription

/// Set by `make fuzz`, which makes of the tests that replay the corpus an executable for libFuzzer.
let isFuzzing = Context.environment["HUBBUB_FUZZ"] != nil

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioLocks = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let inMemoryLogging = Target.Dependency.product(name: "InMemoryLogging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdHTTP2 = Target.Dependency.product(name: "HummingbirdHTTP2", package: "hummingbird")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "hubbub",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "hubbub", targets: ["hubbub"]),
        .library(name: "HubServer", targets: ["HubServer"]),
        .library(name: "HubHummingbird", targets: ["HubHummingbird"]),
        .library(name: "ChunkStreams", targets: ["ChunkStreams"]),
        .library(name: "HubBackplane", targets: ["HubBackplane"]),
        .library(name: "HubBackplaneRedis", targets: ["HubBackplaneRedis"]),
        .library(name: "ChatModels", targets: ["ChatModels"]),
        .library(name: "AzureIdentity", targets: ["AzureIdentity"]),
        .library(name: "AzureKeyVault", targets: ["AzureKeyVault"]),
        .library(name: "PrometheusMetrics", targets: ["PrometheusMetrics"]),
        .library(name: "HubTesting", targets: ["HubTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
        .target(name: "HubProtocol", dependencies: [nioCore], swiftSettings: settings),
        .target(
            name: "HubBackplane", dependencies: [nioCore, nioLocks, deque, logging, lifecycle], swiftSettings: settings),
        .target(
            name: "HubBackplaneRedis",
            dependencies: [
                "HubBackplane", "CHiredis", nioCore, nioLocks, nioPosix, nioSSL, deque, logging, metrics, lifecycle,
            ],
            swiftSettings: settings),
        .target(
            name: "ChunkStreams",
            dependencies: ["HubBackplane", nioCore, nioLocks, crypto, deque, logging, metrics, lifecycle],
            swiftSettings: settings),
        .target(
            name: "HubServer",
            dependencies: ["HubProtocol", "HubBackplane", nioCore, nioLocks, deque, logging, metrics, lifecycle],
            swiftSettings: settings),
        .target(
            name: "HubTransports",
            dependencies: [
                "HubServer", "HubProtocol", "HubBackplane", nioCore, nioLocks, nioHTTP1, nioWebSocket, deque, crypto,
                httpTypes, logging, metrics, jwtKit, asyncHTTPClient,
            ],
            resources: [.embedInCode("Management/openapi.json")],
            swiftSettings: settings),
        .target(
            name: "HubHummingbird",
            dependencies: [
                "HubTransports", "HubServer", "HubProtocol", "HubBackplane", hummingbird, nioCore, nioPosix, nioLocks,
                nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1, nioWebSocket, nioSSL, nioTLS, hummingbirdHTTP2, httpTypes,
                logging, lifecycle,
            ],
            swiftSettings: settings),
        .target(
            name: "ChatModels", dependencies: [asyncHTTPClient, nioCore, nioHTTP1, logging, metrics, tracing],
            swiftSettings: settings),
        .target(
            name: "AzureIdentity",
            dependencies: [
                asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioSSL, crypto, cryptoExtras, logging, subprocess,
                systemPackage,
            ],
            swiftSettings: settings),
        .target(
            name: "AzureKeyVault", dependencies: ["AzureIdentity", nioCore, nioHTTP1, logging, lifecycle],
            swiftSettings: settings),
        .target(
            name: "ChatHub",
            dependencies: [
                "HubServer", "HubProtocol", "HubBackplane", "ChunkStreams", "ChatModels", nioCore, deque, logging,
                metrics, lifecycle,
            ],
            resources: [.embedInCode("Page")],
            swiftSettings: settings),
        .target(name: "PrometheusMetrics", dependencies: [metrics], swiftSettings: settings),
        .target(
            name: "HubTesting",
            dependencies: [
                "HubServer", "HubProtocol", "HubBackplane", nioCore, nioPosix, nioHTTP1, nioWebSocket, logging,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "hubbub",
            dependencies: [
                "AzureIdentity", "AzureKeyVault", "ChatHub", "ChatModels", "ChunkStreams", "HubBackplane",
                "HubBackplaneRedis", "HubHummingbird", "HubProtocol", "HubServer", "HubTransports", "PrometheusMetrics",
                hummingbird, metrics, inMemoryLogging, nioCore, nioPosix, nioHTTP1,
                nioWebSocket, nioSSL, logging, lifecycle, crypto, httpTypes,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "HelloHub", dependencies: ["HubServer", "HubHummingbird", hummingbird],
            path: "Examples/HelloHub", swiftSettings: settings),
        .executableTarget(
            name: "ConformanceServer",
            dependencies: [
                "HubServer", "HubHummingbird", "HubBackplane", "HubBackplaneRedis", hummingbird, nioCore, crypto,
                httpTypes, logging, lifecycle, argumentParser, x509, asn1,
            ],
            path: "Tests/ConformanceServer", swiftSettings: settings),
        .executableTarget(
            name: "AzureIdentityProbe", dependencies: ["AzureIdentity", argumentParser, logging, nioSSL],
            path: "Tests/AzureIdentityProbe", swiftSettings: settings),
        .testTarget(name: "ArchitectureTests", swiftSettings: settings),
        .testTarget(
            name: "HubProtocolTests", dependencies: ["HubProtocol", "HubTesting", nioCore], swiftSettings: settings),
        .testTarget(
            name: "HubBackplaneTests",
            dependencies: [
                "HubBackplane", "HubBackplaneRedis", "HubTesting", nioCore, nioPosix, nioEmbedded, logging, lifecycle,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ChunkStreamsTests",
            dependencies: [
                "ChunkStreams", "HubBackplane", "HubBackplaneRedis", "HubTesting", nioCore, crypto, logging, lifecycle,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ChatModelsTests",
            dependencies: [
                "ChatModels", "HubTesting", nioCore, nioPosix, nioHTTP1, logging, metricsTestKit, tracing,
                inMemoryTracing,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AzureIdentityTests",
            dependencies: [
                "AzureIdentity", "AzureIdentityTesting", nioCore, nioPosix, nioHTTP1, nioSSL, crypto, cryptoExtras,
                x509,
                asn1, logging, inMemoryLogging,
            ],
            swiftSettings: settings),
        .target(
            name: "AzureIdentityTesting", dependencies: ["AzureIdentity", nioCore, nioHTTP1, logging],
            path: "Tests/AzureIdentityTesting", swiftSettings: settings),
        .testTarget(
            name: "PrometheusMetricsTests", dependencies: ["PrometheusMetrics", metrics], swiftSettings: settings),
        .testTarget(
            name: "AzureKeyVaultTests",
            dependencies: [
                "AzureKeyVault", "AzureIdentity", "AzureIdentityTesting", nioHTTP1, logging, inMemoryLogging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ChatHubTests",
            dependencies: [
                "ChatHub", "ChatModels", "ChunkStreams", "HubProtocol", "HubServer", "HubTesting", "HubBackplane",
                nioCore, logging, inMemoryLogging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "HubbubTests", dependencies: ["hubbub", "HubProtocol", "HubTesting", nioCore, nioWebSocket],
            swiftSettings: settings),
        .testTarget(
            name: "HubServerTests",
            dependencies: [
                "HubServer", "HubTesting", "HubProtocol", "HubBackplane", "HubBackplaneRedis", nioCore, nioEmbedded,
                nioPosix, logging, lifecycle,
            ],
            swiftSettings: settings),
        .target(
            name: "HubTransportsTesting", dependencies: ["HubTransports", nioCore], path: "Tests/HubTransportsTesting",
            swiftSettings: settings),
        .testTarget(
            name: "HubTransportsTests",
            dependencies: [
                "HubTransports", "HubTransportsTesting", "HubServer", "HubProtocol", "HubBackplane", "HubTesting",
                nioCore, nioLocks, nioEmbedded, nioWebSocket, httpTypes, logging, jwtKit,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "HubHummingbirdTests",
            dependencies: [
                "HelloHub", "HubHummingbird", "HubTransports", "HubServer", "HubProtocol", "HubTesting", "HubBackplane",
                "HubBackplaneRedis", hummingbird, nioCore, nioLocks, nioPosix, nioWebSocket, httpTypes, logging,
                lifecycle, crypto, cryptoExtras, jwtKit, inMemoryLogging, metrics, metricsTestKit,
            ],
            swiftSettings: settings),
    ]
)

let fuzzed: [Target.Dependency] = [
    "ChatHub", "ChatModels", "ChunkStreams", "HubBackplane", "HubBackplaneRedis", "HubProtocol", "HubServer",
    "HubTransports", "HubTransportsTesting", nioCore, nioHTTP1, nioLocks, httpTypes,
]
package.targets.append(
    isFuzzing
        ? .executableTarget(
            name: "Fuzz", dependencies: fuzzed, path: "Tests/FuzzTests", exclude: ["Corpus", "CorpusTests.swift"],
            swiftSettings: settings)
        : .testTarget(
            name: "FuzzTests", dependencies: fuzzed, exclude: ["Corpus", "LibFuzzer.swift"], swiftSettings: settings))
