import HubServer
import Hummingbird

/// What the tests ask for beside the hubs.
struct Routes: Sendable {
    let hubs: [Hub]
    /// The server that answers, of several behind one balancer.
    let deployment: Deployment

    func add(to router: Router<BasicRequestContext>) {
        router.get("/generateJwtToken") { _, _ in Token.make() }
        router.get("/deployment") { _, _ in deployment }
        router.get("/clientresult/:id") { _, context in
            await clientResult(of: try context.parameters.require("id"))
        }
    }

    /// Of whichever hub the connection is.
    private func clientResult(of connectionID: String) async -> String {
        var answer = ""
        for hub in hubs {
            do {
                return "\(try await hub.clients.client(connectionID).invoke("Result", returning: Int.self))"
            } catch let error as HubClientResultError where error.code == .connectionDoesNotExist {
                answer = error.message
            } catch let error as HubError {
                return error.message
            } catch let error as any HubErrorNaming {
                return error.hubErrorMessage
            } catch {
                return "\(error)"
            }
        }
        return answer
    }
}

/// What `/deployment` tells people, as JSON.
struct Deployment: ResponseEncodable {
    let node: String
    let isClustered: Bool
}
