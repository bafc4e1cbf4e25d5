package dsar

import "context"

// Collector is a [Prover] that takes values from a person's rows while they are there, to look for them afterwards: names, addresses,
// whatever tells who somebody is.
type Collector interface {
	Prover
	// Collect takes them. What it returns is personal: the request keeps it under its seal until it is closed.
	Collect(ctx context.Context, p Person) (taken []byte, err error)
	// ProveTaken is Prove that looks for what was taken, too.
	ProveTaken(ctx context.Context, p Person, taken []byte) (*Proof, error)
}
