package audit

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	aHead   = `{"v":1,"tenant":"acme","id":"0192f0c1-2233-7abc-8def-0123456789ab","time":"2026-11-22T00:20:00.123456Z","action":"test.document_read","outcome":"success"`
	aHash   = `AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`
	aPerson = `{"type":"user","person":true}`
)

func TestALeafHasOneFormAndNoOther(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		aHead + `}`,
		aHead + `,"personal":{"reason":"` + aHash + `"}}`,
		aHead + `,"personal":{"actor.id":"` + aHash + `","target.1.id":"` + aHash + `","target.1.email":"` + aHash + `","data.a":"` + aHash + `","data.b":"` + aHash + `"},"actor":` + aPerson + `,"targets":[{"type":"x"},` + aPerson + `]}`,
		aHead + `,"data":{"a":"\"\\\n\t\r\b\f\u0000\u001f/` + "\u2028\u007f" + `","b":[],"c":{"time":"2024-02-29T00:00:00.000000Z"},"d":-0.0,"e":1e+21,"f":5e-324,"g":0,"h":-9223372036854775808,"i":18446744073709551615}}`,
	} {
		_, err := decodeLeaf([]byte(good))
		require.NoError(t, err, good)
	}
	replaced := func(old, with string) string { return strings.Replace(aHead+`}`, old, with, 1) }
	data := func(v string) string { return aHead + `,"data":{"a":` + v + `}}` }
	keys := ""
	for i := range maxData + 1 {
		keys += fmt.Sprintf(`,"k%02d":1`, i)
	}
	for _, bad := range []string{
		``, `{}`, `null`, aHead, aHead + "}\n", " " + aHead + "}", aHead + "}}", aHead + ",}",
		replaced(`"v":1`, `"v":2`), replaced(`"v":1`, `"v": 1`), replaced(`,"outcome":"success"`, ``), replaced(`success`, `Success`), replaced(`success`, ``),
		replaced(`acme`, `ACME`), replaced(`acme`, ``), replaced(`acme`, `\u0061cme`), replaced(`"tenant":"acme",`, `"tenant":"acme","tenant":"acme",`),
		replaced(`7abc`, `7ABC`), replaced(`0192f0c1-2233-7abc-8def-0123456789ab`, `00000000-0000-0000-0000-000000000000`),
		replaced(`2026`, `0000`), replaced(`11-22`, `02-30`), replaced(`.123456`, `.12345`), replaced(`.123456Z`, `.12345+0`), replaced(`T00`, `T24`), replaced(`2026-11-22T00:20:00.123456`, `0001-01-01T00:00:00.000000`),
		replaced(`document_read`, `Document`), replaced(`test.document_read`, `test`),
		// personal
		aHead + `,"personal":{}}`,
		aHead + `,"personal":{"reason":"` + aHash + `",}}`,
		aHead + `,"personal":{"reason":"` + aHash[1:] + `B"}}`, // bits beyond the hash
		aHead + `,"personal":{"reason":"` + aHash[2:] + `=="}}`,
		aHead + `,"personal":{"reason":"` + aHash[2:] + "\n\n" + `"}}`,
		aHead + `,"personal":{"reason":"` + aHash + `","reason":"` + aHash + `"}}`,
		aHead + `,"personal":{"reason":"` + aHash + `","source.ip":"` + aHash + `"}}`,
		aHead + `,"personal":{"other":"` + aHash + `"}}`,
		aHead + `,"personal":{"actor.id":"` + aHash + `"}}`,
		aHead + `,"personal":{"actor.id":"` + aHash + `"},"actor":{"type":"user"}}`,
		aHead + `,"personal":{"target.0.id":"` + aHash + `"}}`,
		aHead + `,"personal":{"actor.name":"` + aHash + `"},"actor":` + aPerson + `}`,
		aHead + `,"actor":` + aPerson + `}`,
		aHead + `,"personal":{"data.b":"` + aHash + `","data.a":"` + aHash + `"}}`,
		aHead + `,"personal":{"data.":"` + aHash + `"}}`,
		aHead + `,"personal":{"data.a":"` + aHash + `"},"data":{"a":1}}`,
		// parties and the rest
		aHead + `,"actor":{}}`, aHead + `,"actor":{"type":""}}`, aHead + `,"actor":{"type":"X"}}`, aHead + `,"actor":{"type":"x","id":""}}`, aHead + `,"actor":{"type":"x","person":false}}`,
		aHead + `,"actor":{"id":"1","type":"x"}}`, aHead + `,"personal":{"actor.id":"` + aHash + `"},"actor":{"type":"user","id":"1","person":true}}`,
		aHead + `,"targets":[]}`, aHead + `,"targets":[` + strings.Repeat(`{"type":"x"},`, maxTargets) + `{"type":"x"}]}`,
		aHead + `,"request":""}`, aHead + `,"trace":"t","request":"r"}`, aHead + `,"request":"r","request":"r"}`, aHead + `,"reason":"r"}`,
		// data
		aHead + `,"data":{}}`, aHead + `,"data":{"b":1,"a":1}}`, aHead + `,"data":{"a":1,"a":1}}`, aHead + `,"data":{"":1}}`, aHead + `,"data":{"a b":1}}`, aHead + `,"data":{` + keys[1:] + `}}`,
		data(`null`), data(`{}`), data(`[1]`), data(`["a",]`), data(`["a" ,"b"]`), data(` 1`), data(`1 `), data(`01`), data(`-0`), data(`+1`), data(`1.`), data(`.5`), data(`1e21`), data(`1E+21`), data(`1.50`),
		data(`100.0e0`), data(`1e400`), data(`NaN`), data(`Inf`), data(`0x1.0p0`), data(`1_0`), data(`18446744073709551616`), data(`-9223372036854775809`), data(`{"time":"2023-02-29T00:00:00.000000Z"}`), data(`{"time":1}`),
		data(`"\u0041"`), data(`"\/"`), data(`"\u000a"`), data(`"\u001F"`), data(`"\u007f"`), data(`"\ud83d\ude00"`), data("\"\n\""), data("\"\xff\""), data("\"\xed\xa0\x80\""), data(`"a`), data(`"\`), data(`"\u00`),
		data(`tru`), data(`True`),
		data(`"` + strings.Repeat("x", MaxLeaf) + `"`),
	} {
		_, err := decodeLeaf([]byte(bad))
		require.ErrorIs(t, err, ErrCorrupt, bad)
		require.NotContains(t, err.Error(), "acme")
	}
}

// Neighbours of each other that a careless encoding would make the same.
func TestValuesThatLookAlikeAreToldApart(t *testing.T) {
	t.Parallel()
	l := codec(t)
	seen := map[string]bool{}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, data := range []map[string]any{
		nil, {"a": "b"}, {"a": "b|c"}, {"a|b"[:1]: "c"}, {"a": "1"}, {"a": 1}, {"a": 1.0}, {"a": uint64(math.MaxUint64)}, {"a": float64(math.MaxUint64)},
		{"a": true}, {"a": "true"}, {"a": at}, {"a": at.Format(leafTime)}, {"a": `{"time":"2026-01-02T03:04:05.000000Z"}`}, {"a": []string{}}, {"a": "[]"},
		{"a": []string{"b,c"}}, {"a": []string{"b", "c"}}, {"a": []string{`b","c`}}, {"a": []string{""}}, {"a": math.Copysign(0, -1)}, {"a": 0.0}, {"a": 0},
		{"a": "é"}, {"a": "e\u0301"}, {"a": `\u00e9`}, {"a": "\u2028"}, {"a": "\n"}, {"a": `\n`}, {"a": 1e21}, {"a": "1e+21"}, {"a": 0.1}, {"a": 0.1 + 1e-17*2},
	} {
		en, err := l.encode(context.Background(), acme, Event{ID: IDFor("x"), Time: at, Action: docRead, Data: data})
		require.NoError(t, err)
		require.False(t, seen[string(en.Leaf)], string(en.Leaf))
		seen[string(en.Leaf)] = true
		require.Equal(t, asRead(Event{Data: data}).Data, normal(readBack(t, l, acme, en).Data))
	}
}

// normal turns whole numbers back into the int that the test wrote.
func normal(data map[string]any) map[string]any {
	for k, v := range data {
		if i, ok := v.(int64); ok {
			data[k] = int(i)
		}
	}
	return data
}
