/// The `hubbub` command.
@main
struct Hubbub {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        let command = arguments.isEmpty ? "--help" : arguments.removeFirst()
        do {
            switch command {
            case "serve": try await ServeCommand.run(arguments)
            case "load": try await LoadCommand.run(arguments)
            case "--help", "-h", "help": print(usage)
            default: throw UsageError("unknown command \(command); hubbub --help lists them")
            }
        } catch {
            ProcessExit.fail("hubbub: \(error)")
        }
    }

    private static let usage = """
        hubbub: a SignalR hub server that streams AI replies

        hubbub serve    serves hubs, the chat page and health checks
        hubbub load     measures and checks a chat hub with many clients

        hubbub COMMAND --help tells the options of a command.
        """
}
