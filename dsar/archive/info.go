package archive

// Info is what a person is told beside their data: Art. 15(1) and (2) GDPR. It stands in the manifest and on the first page.
type Info struct {
	Controller     string    `json:"controller,omitempty"` // name and address
	Contact        string    `json:"contact,omitempty"`
	Officer        string    `json:"officer,omitempty"`             // the data protection officer
	Representative string    `json:"representative,omitempty"`      // in the Union
	Purposes       []Purpose `json:"purposes,omitempty"`            // (a) to (d)
	Rights         []string  `json:"rights,omitempty"`              // (e)
	Authority      string    `json:"authority,omitempty"`           // (f): where to complain
	Source         string    `json:"source,omitempty"`              // (g): where data comes from that the person did not give
	Automated      string    `json:"automated_decisions,omitempty"` // (h)
	Withheld       []string  `json:"withheld,omitempty"`            // what is not in the archive, and why: Art. 15(4)
}

// Purpose is one reason why data is there.
type Purpose struct {
	Name       string   `json:"name"`
	Why        string   `json:"why,omitempty"`
	Basis      string   `json:"basis,omitempty"`
	Data       []string `json:"data,omitempty"`       // categories: (b)
	Recipients []string `json:"recipients,omitempty"` // (c)
	Transfers  []string `json:"transfers,omitempty"`  // to third countries, and what they rest on: Art. 15(2)
	Kept       []string `json:"kept,omitempty"`       // for how long: (d)
}
