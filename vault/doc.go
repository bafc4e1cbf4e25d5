// Package vault seals what must not be seen: credentials of connections, and columns of the application's own tables. What
// is sealed is used, replaced, moved and destroyed without anybody looking at it.
//
//	keeper, err := vault.KeyFromEnv("VAULT_KEY")        // or a key management service
//	v, err := vault.Open(ctx, store, keeper, vault.Options{Recorder: log})
//	slack := vault.Ref{Purpose: "slack", ID: "bot"}
//	err = v.Put(ctx, slack, token, vault.Policy{})      // ctx says whose: see package tenancy
//	client := &http.Client{Transport: v.Transport(slack, "slack.com", vault.Bearer, nil)}
//
// # Credentials are write-only
//
// [Vault.Put] replaces a secret whole, and nothing returns one. It is used inside a callback ([Vault.Use]), whose bytes are
// cleared when it returns and whose errors and panics lose the secret in its usual encodings, or by a round tripper
// ([Vault.Transport]). What can be listed are names, versions, dates and a fingerprint ([Vault.Info], [Vault.All],
// [Vault.Due]). [Vault.Update] lets one of many processes renew a token that is good for one use; [Vault.Disconnect] revokes at
// the other side before it destroys.
//
// # Columns and files
//
// A [Field] seals values of a column: each opens in its own tenant, purpose, record and person, and nowhere else. [Sealed]
// moves them to and from the database, [Vault.SealRow] and [Vault.OpenRows] follow struct tags, [Field.Token] makes a blind
// index for look-ups by equality, and [Vault.NewWriter] seals streams.
//
// # Keys
//
// The keeper wraps a root, the root a key of each tenant, that a key of each purpose, and that one of each person. The keeper
// is asked once at the start. [Vault.Shred] destroys a person's keys: whatever was sealed for them is lost, wherever copies of it
// are; an audit log that seals its values by an [AuditSealer] loses its values of the person too. [Vault.RotateTenantKey],
// [Vault.RotatePurposeKey] and [Vault.RotateRoot] replace keys while values are read and written, can be stopped at any moment, and
// go on when they are called again. Stored secrets come under the newest key, [Field.Reseal] brings a value of a column there, and
// [Vault.DestroyPurposeKeys] then destroys the older ones.
//
// The cipher is AES-256-GCM with random nonces, under keys that XAES-256-GCM (c2sp.org/XAES-256-GCM) derives from one of ours and
// a salt; a salt serves 65,536 messages. A key bears 2^48 messages without a counter, also when a machine is resumed
// twice from one snapshot. The key's name in each message is a hash of it (128 bits of HKDF-SHA-256), so that a message opens
// under one key only, and no key is tried out. All of it runs, with the same results, under GODEBUG=fips140=on and only; that
// is no validation of this library.
//
// # Limits
//
// Who runs code in the process can use its secrets, and who can read its memory reads keys. Go moves and copies memory:
// clearing bytes makes their life short and proves nothing. Another process may use a shredded key for [Options.FreshFor], and
// for as long as a transaction lasts that began before. Backups hold wrapped keys: a shredded person's are of use to whoever
// has such a backup and the tenant's keys ([Receipt]). The length of a value shows, to the byte. The database shows which
// purposes there are, which rows are of one person, and, in a blind index, which values are equal. A fingerprint and a token
// can be compared, and guessed at by who may ask for them.
//
// # What you must do yourself
//
// Keep the keeper's key, and a copy of it elsewhere: without it all is lost, which is the point. Bring values into one form
// before making tokens. Close the vault. Do not log what a callback is given.
package vault
