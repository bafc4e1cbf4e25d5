package archive

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// Writer writes an archive in one pass. Its memory is constant but for some 400 bytes a file, and the longest row. It is not safe for
// concurrent use. Only [Writer.Close] makes it an archive: what a writer leaves that was given up is none, to any reader.
type Writer struct {
	o               Options
	out             *counter
	seal            io.WriteCloser // nil: unencrypted
	sink            *sink
	json, csv, html *stream
	table           *open
	tables          []Counted
	entries         []entry
	names           map[string]bool
	rows            int64
	closed          bool
	wrong           error // what was refused: who goes on has left something out
}

// counter counts what goes out.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// NewWriter begins an archive. [Writer.Close] or [Writer.Abort] must follow.
func NewWriter(w io.Writer, o Options) (*Writer, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	a := &Writer{o: o, out: &counter{w: w}, names: map[string]bool{}}
	w = a.out
	if len(o.Recipients) > 0 {
		seal, err := age.Encrypt(w, o.Recipients...)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrOptions, err)
		}
		w, a.seal = seal, seal
	}
	p := newPool()
	a.sink = newSink(w, p, o.At)
	a.json, a.csv, a.html = newStream(p), newStream(p), newStream(p)
	return a, nil
}

// Table begins a table. The one before is complete.
func (w *Writer) Table(t Table) error {
	if err := w.ready(); err != nil {
		return err
	}
	if w.wrong = t.check(); w.wrong == nil && w.names[t.Name] {
		w.wrong = fmt.Errorf("%w: it is there twice", ErrTable)
	}
	if w.wrong != nil {
		return w.wrong
	}
	w.endTable()
	w.names[t.Name] = true
	w.table = &open{Table: t, n: len(w.tables) + 1, columns: columnsOf(&t)}
	return nil
}

// Row writes a row of the table that was begun: a value for each column, nil for null, each as the database writes it as text (see
// [Kind]). Where values are of other kinds than their columns, kinds says which; else it is nil. Nothing of both is kept.
func (w *Writer) Row(values [][]byte, kinds []Kind) error {
	t := w.table
	if w.closed || w.wrong != nil || t == nil || len(values) != len(t.columns) || kinds != nil && len(kinds) != len(values) {
		return w.misfit()
	}
	if !t.data.on {
		w.beginData()
	}
	paged := t.rows < readable
	if paged && !t.pages.on {
		w.beginPage()
	}
	j, c, h := w.json.buf, w.csv.buf, w.html.buf
	if paged {
		h = append(h, "<tr>"...)
	}
	for i, v := range values {
		col := &t.columns[i]
		j = append(j, col.key...)
		if i > 0 {
			c = append(c, ',')
		}
		if v == nil {
			j = append(j, "null"...)
			if paged {
				h = append(h, "<td>"...)
			}
			if len(values) == 1 {
				c = append(c, `""`...) // an empty line is no record
			}
			continue
		}
		k, tr := col.kind, traits(0)
		if kinds != nil {
			k = kinds[i]
		}
		if k != Blob {
			tr = look(v)
		}
		j = appendJSON(j, v, k, tr)
		c = appendCSV(c, v, k, tr)
		if paged {
			h = appendCellHTML(h, v, k, tr)
		}
	}
	w.json.buf, w.csv.buf = append(j, "}\n"...), append(c, "\r\n"...)
	w.rows++
	t.rows++
	t.data.rows++
	w.json.wrote()
	w.csv.wrote()
	if paged {
		w.html.buf = append(h, '\n')
		t.pages.rows++
		w.html.wrote()
	}
	if w.json.long() >= w.o.Split || w.csv.long() >= w.o.Split || t.data.rows == mostRows {
		w.endData()
	}
	if t.pages.on && w.html.long() >= min(pageSplit, w.o.Split) {
		t.pages.on = false // ended by the next row, or the end of the table: only then is it known what comes behind it
	}
	return w.sink.err()
}

// misfit says why a row cannot be written.
func (w *Writer) misfit() error {
	if err := w.ready(); err != nil {
		return err
	}
	if w.wrong = fmt.Errorf("%w: a row of another number of values than there are columns", ErrTable); w.table == nil {
		w.wrong = fmt.Errorf("%w: a row before any table", ErrTable)
	}
	return w.wrong
}

func (w *Writer) ready() error {
	switch {
	case w.closed:
		return ErrClosed
	case w.wrong != nil:
		return w.wrong
	}
	return w.sink.err()
}

func (w *Writer) beginData() {
	t := w.table
	t.data = cut{part: t.data.part + 1, on: true}
	for i, col := range t.Columns {
		if i > 0 {
			w.csv.buf = append(w.csv.buf, ',')
		}
		w.csv.buf = appendCell(w.csv.buf, []byte(col.Name), look([]byte(col.Name)))
	}
	w.csv.buf = append(w.csv.buf, "\r\n"...)
}

func (w *Writer) endData() {
	t := w.table
	w.cut(w.json, t, &t.data, "data", "jsonl")
	w.cut(w.csv, t, &t.data, "data", "csv")
	t.data.on = false
}

// cut ends a file of the table.
func (w *Writer) cut(s *stream, t *open, c *cut, folder, ext string) {
	s.send(true)
	w.sink.orders <- order{s, File{Name: fileName(t.n, t.Name, c.part, folder, ext), Rows: c.rows, Table: t.n}}
}

// endTable completes the table.
func (w *Writer) endTable() {
	t := w.table
	if t == nil {
		return
	}
	if t.data.on || t.data.part == 0 { // a table without rows has its files, too
		if !t.data.on {
			w.beginData()
		}
		w.endData()
	}
	if t.pages.part > 0 {
		w.endPage(false)
	}
	w.tables = append(w.tables, Counted{t.Table, t.rows})
	w.entries = append(w.entries, entry{files: t.data.part, pages: t.pages.part})
	w.table = nil
}

// Close completes the archive: the first page, the manifest and its signature. It returns what stands for it. After an error of any method
// there is no archive, and Close returns that error again.
func (w *Writer) Close() (*Sum, error) {
	if err := w.ready(); err != nil {
		w.Abort()
		return nil, err
	}
	w.endTable()
	w.html.buf = w.index(w.html.buf)
	w.html.send(true)
	w.sink.orders <- order{w.html, File{Name: indexName}}
	w.stop()
	if err := w.sink.err(); err != nil {
		return nil, err
	}
	m := &Manifest{Format: format, Request: w.o.Request, Title: w.o.Title, Application: w.o.Application, At: w.o.At, Map: w.o.Map,
		Info: w.o.Info, Rows: w.rows, Tables: w.tables}
	b, err := m.marshal(w.sink.files)
	if err != nil {
		return nil, err
	}
	hash := hexSum(sha256.Sum256(b))
	sig, err := sign(w.o.Signer, hash)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.sink.whole(manifestName, b), w.sink.whole(signedName, sig)); err != nil {
		return nil, err
	}
	if err := w.sink.zip.Close(); err != nil {
		return nil, err
	}
	if w.seal != nil {
		if err := w.seal.Close(); err != nil {
			return nil, err
		}
	}
	return &Sum{Manifest: "sha256:" + hash, Rows: w.rows, Files: w.sink.many, Bytes: w.out.n}, nil
}

// Abort gives the archive up. What was written is no archive. After Close it does nothing.
func (w *Writer) Abort() {
	if !w.closed {
		w.stop()
	}
}

// stop ends the goroutines.
func (w *Writer) stop() {
	w.closed = true
	for _, s := range []*stream{w.json, w.csv, w.html} {
		close(s.in)
	}
	close(w.sink.orders)
	<-w.sink.done
}
