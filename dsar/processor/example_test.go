package processor_test

import (
	"context"
	"fmt"
	"io"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// forgetful answers 200 and does nothing.
type forgetful struct{}

func (forgetful) Name() string { return "mail" }
func (forgetful) Erase(context.Context, processor.Job) (processor.Outcome, error) {
	return processor.Outcome{}, processor.ErrAnswer
}
func (forgetful) Export(context.Context, processor.Job, io.Writer) (processor.Outcome, error) {
	return processor.Outcome{}, processor.ErrAnswer
}
func (forgetful) Status(context.Context, processor.Job) (processor.Outcome, error) {
	return processor.Outcome{State: processor.Done}, nil
}

func Example() {
	all, _ := processor.NewSet(processor.NewMemory(nil), processor.Options{}, forgetful{})
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	calls, _ := all.Erase(ctx, processor.Job{Request: "r1", Law: "gdpr"})
	fmt.Println(calls[0].Processor, calls[0].State)
	calls, _ = all.Check(ctx, "r1")
	fmt.Println(calls[0].Processor, calls[0].State)
	// Output:
	// mail unconfirmed
	// mail done
}
