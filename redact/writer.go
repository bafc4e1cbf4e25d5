package redact

import "io"

// A Writer writes text to another writer with what is sensitive replaced. However the text is cut into writes, the output
// is that of [Redactor.Append] over the whole. For that it holds back the last few KiB until more text, Flush or Close
// comes. It is not safe for concurrent use.
type Writer struct {
	w   io.Writer
	r   *Redactor
	buf []byte
	err error
}

// Writer returns a Writer to w.
func (r *Redactor) Writer(w io.Writer) *Writer { return &Writer{w: w, r: r} }

// Write takes p. An error is one of the underlying writer; it stays.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// Flush writes what is held back, as if the text ended here: a secret that is cut in two by it may not be found.
func (w *Writer) Flush() error {
	if w.err != nil {
		return w.err
	}
	out := w.r.Append(nil, w.buf)
	clear(w.buf)
	w.buf = w.buf[:0]
	_, w.err = w.w.Write(out)
	return w.err
}

// Close flushes. It does not close the underlying writer.
func (w *Writer) Close() error { return w.Flush() }
