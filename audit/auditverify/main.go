// Command auditverify checks a bundle of an audit log: that it is what was recorded, all of it, and nothing else.
// It needs the bundle and the log's public key, and neither a database nor a network.
//
//	auditverify -key KEY [flags] BUNDLE
//
// BUNDLE is a file, or - for standard input. KEY is the log's key as golang.org/x/mod/sumdb/note writes one:
// name+hash+base64. A key that was retired when the log had n events is KEY@n. The exit status is
//
//	0  the log is what was recorded, and a note held outside or a witness vouches for all of it
//	1  something was tampered with: the report says what and where
//	2  the log agrees with itself, but nothing outside vouches for all of it
//	3  it could not be checked
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const (
	exitOK = iota
	exitTampered
	exitUnanchored
	exitFailed
)

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintln(errs, "auditverify:", err)
		return exitFailed
	}
	var p audit.Policy
	flags := flag.NewFlagSet("auditverify", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() {
		fmt.Fprintln(errs, "usage: auditverify -key KEY [flags] BUNDLE   (- reads standard input)")
		flags.PrintDefaults()
		fmt.Fprintln(errs, "exit: 0 verified and anchored, 1 tampered, 2 verified but unanchored, 3 could not run")
	}
	flags.Func("key", "the log's `KEY`, or KEY@SIZE if it was retired at that size; one at least", func(s string) (err error) {
		k, err := readKey(s)
		p.Keys = append(p.Keys, k)
		return err
	})
	flags.Func("heads-key", "the `KEY` of the log of heads, if it is another", func(s string) error {
		k, err := readKey(s)
		p.HeadsKeys = append(p.HeadsKeys, k)
		return err
	})
	flags.Func("witness", "the `KEY` of a witness", func(s string) error {
		w, err := readWitness(s)
		p.Witnesses = append(p.Witnesses, w)
		return err
	})
	flags.IntVar(&p.MinWitnesses, "witnesses", 0, "how many witnesses must have signed")
	flags.Func("trusted", "a `FILE` with a signed checkpoint that was kept outside", func(s string) error {
		raw, err := os.ReadFile(s)
		p.Trusted = append(p.Trusted, raw)
		return err
	})
	flags.Func("tenant", "the `ID` of the tenant whose log it must be", func(s string) (err error) {
		p.Tenant, err = tenancy.ParseID(s)
		return err
	})
	flags.StringVar(&p.Origin, "origin", "", "the `ORIGIN` the log must have")
	flags.DurationVar(&p.MaxAge, "max-age", 0, "how old the newest signature may be, such as 1h")
	flags.BoolVar(&p.AllowSealed, "allow-sealed", false, "values are sealed in this log, and are not to be checked")
	flags.Func("restored", "the `HASH` of an event that says that the log was restored from an old copy, as the report shows it", func(s string) error {
		h, err := tlog.ParseHash(s)
		p.Restored = append(p.Restored, h)
		return err
	})
	flags.BoolVar(&p.Unique, "unique", false, "look for events that have the id of another: reads the bundle, a file, twice more")
	asJSON := flags.Bool("json", false, "report as JSON")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitFailed
	case err != nil:
		return exitFailed // flags has said why
	case flags.NArg() != 1 || len(p.Keys) == 0:
		flags.Usage()
		return exitFailed
	}
	if name := flags.Arg(0); name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fail(err)
		}
		defer f.Close()
		in = f
	}
	r, err := audit.Verify(ctx, in, p)
	if err != nil {
		return fail(err)
	}
	write := r.WriteText
	if *asJSON {
		write = r.WriteJSON
	}
	if err := write(out); err != nil {
		return fail(err)
	}
	switch r.Verdict {
	case audit.OK:
		return exitOK
	case audit.Unanchored:
		return exitUnanchored
	}
	return exitTampered
}

// readKey reads KEY or KEY@SIZE.
func readKey(s string) (k audit.Key, err error) {
	vkey, size, retired := strings.Cut(s, "@")
	if retired {
		if k.Until, err = strconv.ParseUint(size, 10, 64); err != nil || k.Until == 0 {
			return k, fmt.Errorf("%q is no size that a key was retired at", size)
		}
	}
	if k.Verifier, err = note.NewVerifier(vkey); err != nil {
		return k, fmt.Errorf("it is no key: %w", err)
	}
	return k, nil
}

// readWitness reads the key of a cosignature, or a plain one.
func readWitness(s string) (note.Verifier, error) {
	v, err := audit.NewCosignatureVerifier(s)
	if err == nil {
		return v, nil
	}
	if v, err := note.NewVerifier(s); err == nil {
		return v, nil
	}
	return nil, err
}
