package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// The texts of the redact workloads: what a parcel service logs. Everything in them comes from fixed seeds; what is sensitive
// is made up or reserved for documentation, and written in two halves so that scanners of source trees find nothing here.

// A plantedItem is something sensitive in a text. Its value must be gone from the output, the rest of it may stay.
type plantedItem struct{ text, value string }

func whole(s string) plantedItem { return plantedItem{s, s} }

const (
	itemPassword = "Brass-" + "Lantern%48"
	itemJWT      = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9" + ".eyJzdWIiOiJjb3VyaWVyLTM5MSIsImF1ZCI6ImRlcG90In0" + ".bm90LWEtc2lnbmF0dXJlLWp1c3Qtc29tZS1ieXRlcw"
)

// plantedItems are of the twelve kinds that everybody looks for. A Redactor with the defaults leaves the last one alone.
var plantedItems = []plantedItem{
	whole("noor.haddad@" + "parcels.example.com"),
	whole("6011 0009 " + "9013 9424"),
	{"amqp://depot:" + "n7RkQ2wYc5LxTe" + "@queue-2.internal:5671/labels", "n7RkQ2wYc5LxTe"},
	{"Authorization: Bearer " + itemJWT, itemJWT},
	whole("AKIA" + "V5TJ2RWHQ7NXMC3K"),
	whole("ghp_" + "r4Kx9mWq2Tz7Yb1Nc6Vd8Lh3Gs5Jf0PaQeRu"),
	whole("sk_live_" + "51Hq8RzKw2YtMx6NbVc4Lp9D"),
	whole("517-" + "42-" + "8836"),
	whole("NL91 ABNA " + "0417 1643 00"),
	whole("+44 1632 " + "960157"),
	{"password=" + itemPassword, itemPassword},
	whole("192.0.2." + "146"),
}

// A logText is the input of a workload and what is planted in it.
type logText struct {
	in      []byte
	planted map[string]int // values, and how often each occurs
}

// left returns how many of the planted values are still in out.
func (t logText) left(out []byte) (n int) {
	for v, had := range t.planted {
		n += min(had, strings.Count(string(out), v))
	}
	return n
}

func (t logText) items() (n int) {
	for _, had := range t.planted {
		n += had
	}
	return n
}

var parcelDay = time.Date(2026, 2, 11, 5, 40, 0, 0, time.UTC)

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0"

func oneOf(r *rand.Rand, these ...string) string { return these[r.IntN(len(these))] }

func parcelID(r *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-b%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
}

// filledTo lengthens the JSON line s, which ends within a string, to n bytes.
func filledTo(n int, s string) []byte {
	const prose = ` The van left the depot before the rain came, and everything that was to go north went with it;`
	for len(s) < n {
		s += prose
	}
	return []byte(s[:n-2] + `"}`)
}

// cleanLine is a JSON line of 1 KiB in which nobody finds anything.
func cleanLine() logText {
	r := rand.New(rand.NewPCG(5, 1))
	return logText{in: filledTo(1<<10, fmt.Sprintf(`{"time":"%s","level":"INFO","msg":"label printed","verb":"POST","route":"/labels/batch","status":201,"written":5381,"seconds":0.0482,"parcel":"%s","depot":"north-07","agent":"%s","remark":"`,
		parcelDay.Format(time.RFC3339Nano), parcelID(r), browser))}
}

// lineOfThree is such a line with an email address, a card number and the password of a data source name in it.
func lineOfThree() logText {
	r := rand.New(rand.NewPCG(5, 2))
	t := logText{planted: map[string]int{}}
	for _, it := range plantedItems[:3] {
		t.planted[it.value] = 1
	}
	t.in = filledTo(1<<10, fmt.Sprintf(`{"time":"%s","level":"ERROR","msg":"no receipt for %s, paid with %s","route":"/receipts","status":503,"parcel":"%s","broker":"%s","agent":"%s","remark":"`,
		parcelDay.Format(time.RFC3339Nano), plantedItems[0].text, plantedItems[1].text, parcelID(r), plantedItems[2].text, browser))
	return t
}

// mixedLog is JSON, logfmt, access log and stack traces. One line in 32 has one of the items in it.
func mixedLog(size int) logText {
	r := rand.New(rand.NewPCG(5, 3))
	t := logText{planted: map[string]int{}}
	var b strings.Builder
	for n := 0; ; n++ {
		remark := oneOf(r, "left with a neighbour", "nobody was at home", "weighed twice", "went by the night train", "the scanner was slow")
		var it plantedItem
		if n%32 == 31 {
			it = plantedItems[n/32%len(plantedItems)]
			remark = it.text
		}
		line := parcelLine(r, parcelDay.Add(time.Duration(n)*173*time.Millisecond), remark)
		if b.Len()+len(line) > size {
			t.in = append([]byte(b.String()), strings.Repeat("\n", size-b.Len())...)
			return t
		}
		b.WriteString(line)
		if it.value != "" {
			t.planted[it.value]++
		}
	}
}

// parcelLine is one record of a log, with the remark in it.
func parcelLine(r *rand.Rand, at time.Time, remark string) string {
	route := oneOf(r, "/labels/batch", "/parcels/search", "/depots/north-07/stock", "/livez", "/static/map.js", "/receipts")
	agent := oneOf(r, browser, "Go-http-client/2.0", "okhttp/5.1.0", "kube-probe/1.35")
	switch r.IntN(5) {
	case 0, 1:
		return fmt.Sprintf(`{"time":%q,"level":"INFO","msg":"answered","verb":"GET","route":%q,"status":%d,"written":%d,"seconds":0.%04d,"parcel":%q,"depot":"south-%02d","remark":%q,"agent":%q}`+"\n",
			at.Format(time.RFC3339Nano), route, 200+r.IntN(6), r.IntN(1<<19), r.IntN(9000), parcelID(r), r.IntN(40), remark, agent)
	case 2:
		return fmt.Sprintf("at=%s lvl=debug msg=%q unit=sorter-%d attempt=%d backoff=%dms trace=%016x%016x span=%016x lines=%d\n",
			at.Format(time.RFC3339), remark, r.IntN(48), r.IntN(6), r.IntN(7000), r.Uint64(), r.Uint64(), r.Uint64(), r.IntN(1e6))
	case 3:
		return fmt.Sprintf("- - - [%s] \"GET %s HTTP/2.0\" %d %d \"-\" %q %d.%03d (%s)\n",
			at.Format("02/Jan/2006:15:04:05 -0700"), route, 200+r.IntN(6), r.IntN(1<<17), agent, r.IntN(5), r.IntN(1000), remark)
	}
	return fmt.Sprintf("goroutine %d [IO wait, %d minutes]: %s\n%s(0xc%09x, {0x%x, 0x%x})\n\t/go/src/depot/belt.go:%d +0x%x\n", r.IntN(7000), r.IntN(90), remark,
		oneOf(r, "main.(*Belt).turn", "net/http.(*persistConn).readLoop", "database/sql.(*Rows).Next", "example.com/depot/internal/label.(*Printer).Feed"),
		r.Int64N(1<<36), r.Uint64(), r.Uint32(), r.IntN(600), r.IntN(2048))
}
