package main

var vaultStop = stop{
	Name:  "vault",
	Begin: ginkgosSecrets,
	Promises: []promise{
		{"A credential goes in, is used, and does not come out.", []attack{
			{Name: "It is printed in every way", Sends: "fmt's verbs, json, slog of the form it came in, of what is listed of it, and of the vault", Try: leakCredential},
			{Name: "A service quotes it in an error", Sends: `v.Use(ctx, ref, …): Get "https://hooks.example/T000?token=…": 502; the same in base64 and in a panic`, Try: leakByError},
			{Name: "The label is saved back over it", Sends: `{"token":"[redacted:secret]"} into redact.Secret[string]`, Try: saveLabel},
			{Name: "The whole database is read", Sends: "every table and file is searched for the credential and for a customer's address", Try: readForSecrets},
			{Name: "The database is stolen without the keeper's key", Sends: "vault.Open(ctx, store, another key, …)", Try: openWithAnotherKey},
		}},
		{"What is sealed opens in its own place, and nowhere else.", []attack{
			{Name: "A value is copied into another tenant's row", Sends: "hazel opens what ginkgo sealed", Try: openInAnotherTenant},
			{Name: "A value is copied to another customer", Sends: "row 2 gets row 1's sealed address", Try: openInAnotherRow},
			{Name: "One bit is changed, at each place", Sends: "sealed[i] ^= 1", Try: flipEachBit},
		}},
		{"Keys are replaced while they are in use.", []attack{
			{Name: "All keys of ginkgo are replaced twice", Sends: "v.RotateTenantKey, v.RotatePurposeKey, while four clients read and write", Try: rotateUnderLoad},
		}},
		{"Whoever is shredded stays lost.", []attack{
			{Name: "A shredded customer's address is opened", Sends: `v.Shred(ctx, vault.Shredding{Subject: "customer:1", …}), here and in another process`, Try: openShredded},
			{Name: "The key is brought back by hand", Sends: reviveKey, Try: bringKeyBack},
		}},
	},
}
