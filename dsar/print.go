package dsar

import (
	"fmt"
	"io"
	"log/slog"
)

// What holds texts that people wrote, or that are for them, prints as what it is and no more, whatever the verb.

// Format writes the kind of the request.
func (in Intake) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "dsar.Intake("+in.Kind.String()+")")
}

// LogValue is the kind of the request.
func (in Intake) LogValue() slog.Value {
	return slog.StringValue("dsar.Intake(" + in.Kind.String() + ")")
}

// Format writes the id of the request.
func (a Ask) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "dsar.Ask("+string(a.Request.ID)+")")
}

// LogValue is the id of the request.
func (a Ask) LogValue() slog.Value { return slog.StringValue("dsar.Ask(" + string(a.Request.ID) + ")") }

// Format writes the key.
func (n Notice) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "dsar.Notice("+n.Key+")") }

// LogValue is the key.
func (n Notice) LogValue() slog.Value { return slog.StringValue("dsar.Notice(" + n.Key + ")") }

// Format writes the ground.
func (r Refusal) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// String is the ground.
func (r Refusal) String() string { return "dsar: refused: " + string(r.Ground) }

// LogValue is the ground.
func (r Refusal) LogValue() slog.Value { return slog.StringValue(r.String()) }
