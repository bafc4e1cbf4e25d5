package dsar

import "github.com/bailiwick-dev/bailiwick/redact"

// Purpose is why data is processed: Art. 30(1)(b) GDPR.
type Purpose struct {
	Name  string // as columns name it: "billing"
	Why   string // in a sentence
	Basis Basis
	// Recipients are categories of people and firms that get the data, beside processors.
	Recipients []string
	// Kept says how long, in words, where the tables' [Retention] does not.
	Kept string
}

// Party is a firm or authority.
type Party struct {
	Name, Address, Contact string
	Officer                string // the data protection officer
	Representative         string // in the Union: Art. 27
}

// Processor is somebody who processes data for the controller: Art. 28 and 30(1)(d) to (e) GDPR.
type Processor struct {
	Party
	Does     string // "sends e-mail"
	Purposes []string
	Classes  []redact.Class
	Country  string // where it is done
	Transfer string // what a transfer to a third country rests on: "adequacy decision", "standard contractual clauses"
	Contract string // where the contract of Art. 28(3) is
	// Erasure says how it is told to erase: the name under which an engine knows it, or in words.
	Erasure string
}
