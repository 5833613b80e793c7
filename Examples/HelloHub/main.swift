import HubHummingbird
import HubServer
import Hummingbird

let hub = Hub()
hub.on("SayHello") { (context, name: String) async throws in
    try await context.clients.all.send("hello", "\(name) says hello")
}

let port = Environment().get("PORT", as: Int.self) ?? 8080
let application = Application(
    router: Router(), hubs: ["/hello": hub], configuration: ApplicationConfiguration(address: .hostname(port: port)))
try await application.runService()
