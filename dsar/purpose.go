package dsar

import "github.com/bailiwick-dev/bailiwick/redact"

// Purpose is why data is processed: Art. 30(1)(b) GDPR.
type Purpose struct {
	Name  string `json:"name"` // as columns name it: "billing"
	Why   string `json:"why"`  // in a sentence
	Basis Basis  `json:"basis"`
	// Recipients are categories of people and firms that get the data, beside processors.
	Recipients []string `json:"recipients,omitempty"`
	// Kept says how long, in words, where the tables' [Retention] does not.
	Kept string `json:"kept,omitempty"`
}

// Party is a firm or authority.
type Party struct {
	Name           string `json:"name"`
	Address        string `json:"address,omitempty"`
	Contact        string `json:"contact,omitempty"`
	Officer        string `json:"officer,omitempty"`        // the data protection officer
	Representative string `json:"representative,omitempty"` // in the Union: Art. 27
}

// Processor is somebody who processes data for the controller: Art. 28 and 30(1)(d) to (e) GDPR.
type Processor struct {
	Party
	Does     string         `json:"does"` // "sends e-mail"
	Purposes []string       `json:"purposes"`
	Classes  []redact.Class `json:"classes"`
	Country  string         `json:"country"`            // where it is done
	Transfer string         `json:"transfer,omitempty"` // what a transfer to a third country rests on: "adequacy decision", "standard contractual clauses"
	Contract string         `json:"contract,omitempty"` // where the contract of Art. 28(3) is
	// Erasure says how it is told to erase: the name under which an engine knows it, or in words.
	Erasure string `json:"erasure,omitempty"`
}
