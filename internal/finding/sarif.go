package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
)

// WriteSARIF writes the report as a SARIF 2.1.0 log (OASIS standard) with one run. A finding's
// object is a logical location; artifact, if not "", is the file findings are shown at by tools
// that need one, such as the migrations' path relative to the repository. Waived findings are results with an
// accepted suppression that gives the reason.
func (r *Report) WriteSARIF(w io.Writer, artifact string) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver.Name = r.Tool
	run.Tool.Driver.Rules = []sarifRule{}
	index := make(map[string]int, len(r.Rules))
	for i, rule := range r.Rules {
		index[rule.ID] = i
		s := sarifRule{ID: rule.ID, Short: sarifText{rule.Title}, Help: sarifText{rule.Remedy}}
		s.Config.Level = rule.Severity.level()
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, s)
	}
	add := func(f Finding, suppressed ...sarifSuppression) {
		res := sarifResult{RuleID: f.Rule, Level: f.Severity.level(), Message: sarifText{f.Message}, Suppressions: suppressed}
		if i, ok := index[f.Rule]; ok {
			res.RuleIndex = &i
		}
		if f.Evidence != "" {
			res.Message.Text += " Seen: " + f.Evidence
		}
		loc := sarifLocation{Logical: []sarifLogical{{FullyQualifiedName: f.Object, Kind: "resource"}}}
		if artifact != "" {
			loc.Physical = &sarifPhysical{}
			loc.Physical.Artifact.URI = (&url.URL{Path: artifact}).String()
		}
		res.Locations = []sarifLocation{loc}
		sum := sha256.Sum256([]byte(r.Tool + "\x00" + f.Rule + "\x00" + f.Object))
		res.Fingerprints = map[string]string{"bailiwick/v1": hex.EncodeToString(sum[:16])}
		if f.Fix != "" {
			res.Properties = map[string]string{"fix": f.Fix}
		}
		run.Results = append(run.Results, res)
	}
	for _, f := range r.Findings {
		add(f)
	}
	for _, f := range r.Waived {
		add(f.Finding, sarifSuppression{Kind: "external", Status: "accepted", Justification: f.Reason})
	}
	return writeJSON(w, sarifLog{Version: "2.1.0",
		Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Runs: []sarifRun{run}})
}

// level is the SARIF name of a severity.
func (s Severity) level() string {
	if s == Info {
		return "note"
	}
	return s.String()
}

// The part of SARIF that is written.
type (
	sarifLog struct {
		Version string     `json:"version"`
		Schema  string     `json:"$schema"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver struct {
				Name  string      `json:"name"`
				Rules []sarifRule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifRule struct {
		ID     string    `json:"id"`
		Short  sarifText `json:"shortDescription"`
		Help   sarifText `json:"help"`
		Config struct {
			Level string `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    *int               `json:"ruleIndex,omitempty"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   map[string]string  `json:"properties,omitempty"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
)
