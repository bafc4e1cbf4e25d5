package dsartest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

// shortest is the length below which a value is in anything by accident.
const shortest = 8

// export looks for what is in a person's export and must not be.
func (x *trial) export(who *rows.Selection, others []dsar.Person) error {
	var out bytes.Buffer
	if _, err := x.exporter.Export(x.ctx, who.Person(), &out, dsar.ExportOptions{Request: "dsartest"}); err != nil {
		return err
	}
	manifest, err := archive.Verify(bytes.NewReader(out.Bytes()), int64(out.Len()), x.verifier)
	if err != nil {
		return err
	}
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		return err
	}
	tables := map[string]string{} // whose rows are in each file
	for _, f := range manifest.Files {
		if f.Table > 0 {
			tables[f.Name], _, _ = strings.Cut(manifest.Tables[f.Table-1].Name, " by ")
		}
	}
	secrets, err := x.secrets()
	if err != nil {
		return err
	}
	strangers, err := x.strangers(who, others)
	if err != nil {
		return err
	}
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".jsonl") { // which has all
			continue
		}
		text, err := read(f)
		if err != nil {
			return err
		}
		for value, from := range secrets {
			if contains(text, value) {
				x.Errorf("the export of a %s shows a secret, of %s, in %s", who.Person().Kind, from, tables[f.Name])
			}
		}
		for value, from := range strangers {
			if !slices.Contains(x.o.Others, tables[f.Name]) && contains(text, value) {
				x.Errorf("the export of a %s shows the %s of another person in %s: say Others of the column, or name the table in Trial.Others", who.Person().Kind, from, tables[f.Name])
			}
		}
	}
	return nil
}

// contains looks for a value as it is and as JSON has it.
func contains(text []byte, value string) bool {
	if bytes.Contains(text, []byte(value)) {
		return true
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(value) != nil {
		return false
	}
	quoted := bytes.TrimSpace(b.Bytes())
	return bytes.Contains(text, quoted[1:len(quoted)-1])
}

func read(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// secrets are the values of everybody's secret columns, and where each is from.
func (x *trial) secrets() (map[string]string, error) {
	tenant, err := x.rows.Tenant(x.ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, name := range x.tables() {
		t, _ := x.c.Table(name)
		var columns []string
		for _, f := range t.Fields {
			if f.Column != nil && !f.Column.Class.IsZero() && !f.Column.Class.SupportMaySee() {
				columns = append(columns, f.Name)
			}
		}
		if columns == nil {
			continue
		}
		if _, err := tenant.Stream(x.ctx, x.db, rows.Query{Table: name, Part: rows.All, Columns: columns}, func(r *rows.Row) error {
			for i, v := range r.Values {
				if len(v) >= shortest {
					out[string(v)] = fmt.Sprintf("%s.%s", name, columns[i])
				}
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// strangers are what identifies the others and nobody else, by the name of the identifier.
func (x *trial) strangers(who *rows.Selection, others []dsar.Person) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range others {
		s, err := x.rows.Resolve(x.ctx, x.db, p)
		if err != nil {
			return nil, err
		}
		for name, values := range s.Person().Known {
			for _, v := range values {
				if len(v) >= shortest {
					out[v] = name
				}
			}
		}
	}
	for _, values := range who.Person().Known {
		for _, v := range values {
			delete(out, v)
		}
	}
	return out, nil
}
