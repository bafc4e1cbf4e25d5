package vault

import (
	"bytes"
	"errors"
	"testing"
)

// Whatever is opened, it opens to what was sealed, or says what is wrong with it.
func FuzzOpen(f *testing.F) {
	ctx := as(f, "alpha")
	v := open(f, NewMemory(), newKeeper(f), Options{})
	field, err := v.Field(ctx, "email")
	if err != nil {
		f.Fatal(err)
	}
	good, err := field.AppendSeal(ctx, nil, "1", "user:1", []byte("ada"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, uint16(0), byte(0))
	f.Add(good[:Overhead], uint16(3), byte(1))
	f.Add([]byte{2}, uint16(0), byte(1))
	f.Fuzz(func(t *testing.T, sealed []byte, at uint16, flip byte) {
		if len(sealed) == 0 { // a change of what is good gets further than bytes that never were
			sealed = bytes.Clone(good)
			sealed[int(at)%len(sealed)] ^= flip
		}
		out, err := field.AppendOpen(ctx, nil, "1", "user:1", sealed)
		if err == nil {
			if string(out) != "ada" || !bytes.Equal(sealed, good) {
				t.Fatalf("%x opened to %q", sealed, out)
			}
			return
		}
		for _, known := range []error{ErrMalformed, ErrFormat, ErrUnknownKey, ErrNotAuthentic} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Fatal(err)
	})
}

func FuzzReadStream(f *testing.F) {
	ctx := as(f, "alpha")
	v := open(f, NewMemory(), newKeeper(f), Options{})
	var b bytes.Buffer
	w, err := v.NewWriter(ctx, file, &b)
	if err != nil {
		f.Fatal(err)
	}
	content := bytes.Repeat([]byte("x"), chunkLen+10)
	if _, err = w.Write(content); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	good := b.Bytes()
	f.Add(uint32(0), byte(0), uint32(0), []byte(nil))
	f.Add(uint32(100), byte(1), uint32(0), []byte(nil))
	f.Add(uint32(0), byte(0), uint32(9), []byte("more"))
	f.Fuzz(func(t *testing.T, at uint32, flip byte, cut uint32, more []byte) {
		sealed := bytes.Clone(good)
		sealed[int(at)%len(sealed)] ^= flip
		sealed = append(sealed[:len(sealed)-int(cut)%len(sealed)], more...)
		got, err := openStreamOf(v, sealed)
		if (err == nil) != bytes.Equal(sealed, good) {
			t.Fatal(len(got), err)
		}
		if !bytes.HasPrefix(content, got) {
			t.Fatal("something else came out")
		}
	})
}
