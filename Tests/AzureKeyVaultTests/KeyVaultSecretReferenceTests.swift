import AzureKeyVault
import Testing

@Suite struct KeyVaultSecretReferenceTests {
    @Test(
        arguments: [
            ("keyvault://contoso/openai-key", "contoso.vault.azure.net", "openai-key", nil),
            ("keyvault://Contoso-KV/key/0a1b2c3d", "contoso-kv.vault.azure.net", "key", "0a1b2c3d"),
            ("keyvault://contoso.vault.azure.net/k", "contoso.vault.azure.net", "k", nil),
            ("keyvault://contoso.vault.azure.net:8443/k", "contoso.vault.azure.net:8443", "k", nil),
        ] as [(String, String, String, String?)])
    func aVaultsNameIsCompleted(text: String, host: String, name: String, version: String?) throws {
        let reference = try KeyVaultSecretReference(text)
        #expect(reference.host == host)
        #expect(reference.name == name)
        #expect(reference.version == version)
    }

    @Test func otherCloudsHaveTheirOwnSuffix() throws {
        let reference = try KeyVaultSecretReference("keyvault://contoso/key", dnsSuffix: "vault.azure.cn")
        #expect(reference.host == "contoso.vault.azure.cn")
        #expect(reference.dnsSuffix == "vault.azure.cn")
        #expect(
            try KeyVaultSecretReference("keyvault://localhost:99/key", dnsSuffix: "localhost").host == "localhost:99")
        #expect(throws: KeyVaultReferenceError.self) {
            try KeyVaultSecretReference("keyvault://contoso.vault.azure.net/key", dnsSuffix: "vault.azure.cn")
        }
    }

    @Test(arguments: [
        "contoso/key", "https://contoso.vault.azure.net/secrets/key", "keyvault://", "keyvault://contoso",
        "keyvault://contoso/", "keyvault:///key", "keyvault://contoso/key/", "keyvault://contoso/key/1/2",
        "keyvault://contoso/key?x=1", "keyvault://contoso/ke_y", "keyvault://contoso/k%65y",
        "keyvault://contoso/../key",
        "keyvault://-contoso/key", "keyvault://a b/key", "keyvault://user@contoso.vault.azure.net/key",
        "keyvault://contoso.vault.azure.net:0/key", "keyvault://contoso.vault.azure.net:x/key",
        "keyvault://contoso.vault.azure.net.evil.example/key", "keyvault://evilvault.azure.net/key",
        "keyvault://127.0.0.1/key", "keyvault://contoso/key/v-1", "keyvault://\(String(repeating: "a", count: 25))/key",
    ])
    func whatCannotBeASecretIsRefused(text: String) {
        let error = #expect(throws: KeyVaultReferenceError.self) { try KeyVaultSecretReference(text) }
        #expect(error?.description.contains("\n") == false)
    }
}
