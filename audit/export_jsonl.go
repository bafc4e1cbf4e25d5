package audit

import (
	"bufio"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
)

// jsonlWriter writes a JSON object a line.
type jsonlWriter struct {
	w    *bufio.Writer
	line []byte
}

func (j *jsonlWriter) begin() error { return nil }
func (j *jsonlWriter) end() error   { return nil }

func (j *jsonlWriter) event(r *Record) error {
	b := append(j.line[:0], `{"tenant":"`...)
	b = append(b, r.Tenant.String()...)
	b = append(b, `","seq":`...)
	b = strconv.AppendUint(b, r.Seq, 10)
	b = append(b, `,"id":"`...)
	b = appendUUID(b, r.ID)
	b = append(b, `","time":"`...)
	b = microseconds(r.Time).AppendFormat(b, leafTime)
	b = append(b, `","recorded":"`...)
	b = microseconds(r.Recorded).AppendFormat(b, leafTime)
	b = append(b, `","action":"`...)
	b = append(b, r.ActionName...)
	b = append(b, `","outcome":"`...)
	b = append(b, r.Outcome.String()...)
	b = append(b, '"')
	if r.Actor != (Party{}) {
		b = appendWholeParty(append(b, `,"actor":`...), &r.Actor)
	}
	if len(r.Targets) > 0 {
		b = appendParties(append(b, `,"targets":`...), r.Targets)
	}
	if r.Source != (Source{}) {
		b = append(b, `,"source":{`...)
		from := len(b)
		if r.Source.IP.IsValid() {
			b = appendText(b, `,"ip":`, r.Source.IP.String())
		}
		b = appendText(b, `,"agent":`, r.Source.UserAgent)
		b = appendText(b, `,"session":`, r.Source.Session)
		b = appendText(b, `,"request":`, r.Source.RequestID)
		b = appendText(b, `,"trace":`, r.Source.TraceID)
		b = append(slices.Delete(b, from, from+1), '}') // the first comma
	}
	b = appendText(b, `,"reason":`, r.Reason)
	if len(r.Data) > 0 {
		b = appendData(append(b, `,"data":`...), r.Data)
	}
	if len(r.Erased) > 0 {
		b = appendValue(append(b, `,"erased":`...), r.Erased)
	}
	b = append(b, `,"hash":"`...)
	b = hex.AppendEncode(b, r.Hash[:])
	j.line = append(b, "\"}\n"...)
	_, err := j.w.Write(j.line)
	return err
}

// appendWholeParty appends what is left of p, a person's fields too.
func appendWholeParty(b []byte, p *Party) []byte {
	b = appendString(append(b, `{"type":`...), p.Type)
	b = appendText(b, `,"id":`, p.ID)
	b = appendText(b, `,"name":`, p.Name)
	b = appendText(b, `,"email":`, p.Email)
	if p.Person {
		b = append(b, `,"person":true`...)
	}
	return append(b, '}')
}

func appendParties(b []byte, all []Party) []byte {
	for i := range all {
		b = append(b, [...]byte{'[', ','}[min(i, 1)])
		b = appendWholeParty(b, &all[i])
	}
	return append(b, ']')
}

// appendData appends data, which is not empty, as an object with sorted keys.
func appendData(b []byte, data map[string]any) []byte {
	for i, k := range slices.Sorted(maps.Keys(data)) {
		b = append(b, [...]byte{'{', ','}[min(i, 1)])
		b = append(appendString(b, k), ':')
		if v, personal := data[k].(PersonalValue); personal {
			b = appendString(b, v.value)
		} else {
			b = appendValue(b, data[k])
		}
	}
	return append(b, '}')
}
