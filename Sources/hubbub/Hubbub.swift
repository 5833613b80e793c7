/// The `hubbub` command.
@main
struct Hubbub {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        let command = arguments.isEmpty ? "--help" : arguments.removeFirst()
        do {
            switch command {
            case "serve": try await ServeCommand.run(arguments)
            case "check": try await CheckCommand.run(arguments)
            case "load": try await LoadCommand.run(arguments)
            case "--help", "-h", "help": print(usage)
            case "--version", "version": print("hubbub \(version)")
            default: throw UsageError("unknown command \(command); hubbub --help lists them")
            }
        } catch {
            ProcessExit.fail("hubbub: \(error)")
        }
    }

    /// As released, see semver.org.
    static let version = "0.1.0"

    private static let usage = """
        hubbub: a SignalR hub server that streams AI replies

        hubbub serve    serves hubs, the chat page and health checks
        hubbub check    tells what a node would find: Redis, the model, certificates, keys
        hubbub load     measures and checks a chat hub with many clients

        hubbub COMMAND --help tells the options of a command, hubbub --version which hubbub it is.
        """
}
