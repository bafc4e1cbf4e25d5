package consent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// A Controller is who decides why and how personal data is processed (GDPR Art. 4(7)).
type Controller struct {
	Name    string
	Contact string // an address to write to
	URL     string // of the privacy notice
}

// Receipt returns e as a consent receipt: JSON-LD with the fields of ISO/IEC TS 27560:2023 in the terms of the W3C Data Privacy Vocabulary,
// for the person to keep, and for access requests. It names the subject as the ledger does, and nobody by name.
//
// It is no signature. What it says of the entry can be checked against the ledger by the hash it has, and that against the audit log. The
// error is [ErrNotFound] if the ledger does not have the text.
func (m *Manager) Receipt(ctx context.Context, e Entry) ([]byte, error) {
	if m.c.Controller.Name == "" {
		return nil, errors.New("consent: a receipt names the controller, and the configuration does not")
	}
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	var told bodyJSON
	if e.Text != (Hash{}) {
		doc, err := m.Text(ctx, e.Text)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(doc.Body, &told); err != nil && e.Method != Imported {
			return nil, fmt.Errorf("consent: text %s: %w", e.Text, err)
		}
	}
	if told.Format == "" {
		told = bodyJSON{}
	}
	if ed := m.c.Registry.edition(e.Policy); ed != nil && told.Format == "" { // nothing was shown, or another tool's text: the purposes by their keys
		for i := range ed.policy.Purposes {
			q := &ed.policy.Purposes[i]
			told.Purposes = append(told.Purposes, purposeJSON{Key: q.Key, Category: q.Category, Data: q.Data, Recipients: q.Recipients})
		}
	}
	record := recordJSON{
		Type: "dpv:ConsentRecord", ID: e.Hash.String(), Conforms: recordSchema,
		Subject:    idJSON{"urn:bailiwick:consent:subject:" + e.Subject.String()},
		Controller: controllerJSON{m.c.Controller.Name, m.c.Controller.Contact, m.c.Controller.URL},
		Proof:      proofJSON{tenant.String(), e.Seq, e.Hash.String(), e.Method.String(), e.Signal, e.OptOut},
	}
	if e.Place != "" {
		record.Jurisdiction = "loc:" + e.Place
	}
	if e.Regimes != "" {
		record.Laws = strings.Split(e.Regimes, ",")
	}
	if e.Text != (Hash{}) {
		record.Notice = &noticeJSON{"dpv:ConsentNotice", e.Text.String(), told.Version, told.Language, m.c.Controller.URL}
	}
	for i := range told.Purposes {
		q := &told.Purposes[i]
		status := e.status(q.Category)
		if status == "" {
			continue
		}
		p := processJSON{Type: "dpv:Process", ID: q.Key, Title: q.Title, Purpose: q.Body, Data: q.Data, Recipients: q.Recipients,
			Basis: "dpv:Consent", Status: statusJSON{status, e.answered().Format(time.RFC3339), "dpv:DataSubject"}}
		if status == "dpv:ConsentGiven" && !e.Expires.IsZero() {
			p.Until = e.Expires.Format(time.RFC3339)
		}
		for _, it := range q.Storage {
			p.Storage = append(p.Storage, it.Kind+" "+it.Name)
		}
		record.Processes = append(record.Processes, p)
	}
	return json.MarshalIndent(receiptJSON{Context: receiptContext, Type: "dpv:ConsentReceipt", ID: "receipt-" + e.Hash.String(), Created: e.At.Format(time.RFC3339),
		Publisher: m.c.Controller.Name, Record: record}, "", "  ")
}

const recordSchema = "https://w3id.org/dpv/schema/dpv-27560#record"

var receiptContext = map[string]string{"dpv": "https://w3id.org/dpv#", "pd": "https://w3id.org/dpv/pd#", "loc": "https://w3id.org/dpv/loc#",
	"dct": "http://purl.org/dc/terms/", "schema": "https://schema.org/", "bailiwick": "urn:bailiwick:consent:"}

// status is what e says of a category in the vocabulary's words, "" if nothing.
func (e *Entry) status(c Category) string {
	switch {
	case e.Granted.Has(c):
		return "dpv:ConsentGiven"
	case e.Denied.Has(c) && (e.Method == Withdrawn || e.Method == Signalled || e.Method == OptedOut):
		return "dpv:ConsentWithdrawn"
	case e.Denied.Has(c):
		return "dpv:ConsentRefused"
	}
	return ""
}

type (
	receiptJSON struct {
		Context   map[string]string `json:"@context"`
		Type      string            `json:"@type"`
		ID        string            `json:"dct:identifier"`
		Created   string            `json:"dct:created"`
		Publisher string            `json:"dct:publisher"`
		Record    recordJSON        `json:"dpv:hasRecordOfActivity"`
	}
	recordJSON struct {
		Type         string         `json:"@type"`
		ID           string         `json:"dct:identifier"`
		Conforms     string         `json:"dct:conformsTo"`
		Subject      idJSON         `json:"dpv:hasDataSubject"`
		Controller   controllerJSON `json:"dpv:hasDataController"`
		Jurisdiction string         `json:"dpv:hasJurisdiction,omitempty"`
		Laws         []string       `json:"dpv:hasApplicableLaw,omitempty"`
		Notice       *noticeJSON    `json:"dpv:hasNotice,omitempty"`
		Processes    []processJSON  `json:"dpv:hasProcess"`
		Proof        proofJSON      `json:"bailiwick:entry"`
	}
	idJSON struct {
		ID string `json:"@id"`
	}
	controllerJSON struct {
		Name    string `json:"schema:name"`
		Contact string `json:"dpv:hasContact,omitempty"`
		URL     string `json:"schema:url,omitempty"`
	}
	noticeJSON struct {
		Type     string `json:"@type"`
		ID       string `json:"dct:identifier"` // the SHA-256 of what was shown
		Version  uint16 `json:"dct:hasVersion"`
		Language string `json:"dct:language"`
		URL      string `json:"schema:url,omitempty"`
	}
	processJSON struct {
		Type       string     `json:"@type"`
		ID         string     `json:"dct:identifier"`
		Title      string     `json:"dct:title,omitempty"`
		Purpose    string     `json:"dpv:hasPurpose,omitempty"`
		Data       []string   `json:"dpv:hasPersonalData,omitempty"`
		Recipients []string   `json:"dpv:hasRecipient,omitempty"`
		Storage    []string   `json:"dpv:hasStorageCondition,omitempty"`
		Basis      string     `json:"dpv:hasLegalBasis"`
		Status     statusJSON `json:"dpv:hasConsentStatus"`
		Until      string     `json:"dct:valid,omitempty"`
	}
	statusJSON struct {
		Type string `json:"@type"`
		At   string `json:"dct:date"`
		By   string `json:"dpv:isIndicatedBy"`
	}
	proofJSON struct {
		Tenant string `json:"bailiwick:tenant"`
		Seq    uint64 `json:"bailiwick:seq"`
		Hash   string `json:"bailiwick:hash"`
		Method string `json:"bailiwick:method"`
		Signal bool   `json:"bailiwick:signal,omitempty"`
		OptOut bool   `json:"bailiwick:optOut,omitempty"`
	}
)
