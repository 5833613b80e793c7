/// Why a connection or an ask failed, as the report counts it.
struct LoadFailure: Error {
    let code: String
}
