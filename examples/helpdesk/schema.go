package main

import (
	_ "embed"
)

// tables are the application's own.
var tables = []string{"organisation", "person", "session", "sign_in", "passkey", "customer", "conversation", "message", "product", "purchase", "faq"}

//go:embed schema/sqlite.sql
var schemaSQLite string

//go:embed schema/postgres.sql
var schemaPostgres string
