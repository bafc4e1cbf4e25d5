package consent

import (
	"os"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soak is how often a test repeats: little in every run, much with BAILIWICK_SOAK=1.
func soak(little, much int) int {
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		return much
	}
	if raceDetector() {
		return little / 20
	}
	return little
}

var (
	day1 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func en(title string) map[string]Text { return map[string]Text{"en": {title, title + "."}} }

// replay is a category of the test application's own.
const replay = FirstOwn

// shop is the policy that most tests use: a purpose in each built-in category, and one of the application's own.
func shop(version uint16, material bool, from time.Time) Policy {
	return Policy{Version: version, Material: material, Effective: from,
		Categories: []CategoryText{{Category: replay, Key: "replay", Text: en("Session replay")}},
		Purposes: []Purpose{
			{Key: "login", Category: Essential, Text: en("Staying signed in"), Storage: []Item{
				{Name: "__Host-session"}, {Name: "csrf"}}},
			{Key: "drafts", Category: Functional, Text: en("Drafts"), Storage: []Item{
				{Name: "draft", TTL: 72 * time.Hour, Path: "/chat"}, {Kind: IndexedDB, Name: "media", MaxBytes: 150 << 20, MaxEntries: 400}}},
			{Key: "visits", Category: Analytics, Text: en("Counting visits"), Storage: []Item{
				{Name: "_ga", TTL: 400 * 24 * time.Hour}, {Name: "_ga_*", TTL: 400 * 24 * time.Hour}}},
			{Key: "ads", Category: Marketing, TargetedAds: true, Share: true, Text: en("Advertising"), Storage: []Item{{Name: "_fbp"}}},
			{Key: "replay", Category: replay, Text: en("Replay of sessions")},
		}}
}

func registry(t testing.TB, policies ...Policy) *Registry {
	t.Helper()
	if len(policies) == 0 {
		policies = []Policy{shop(1, true, day1)}
	}
	r, err := Compile(policies...)
	require.NoError(t, err)
	return r
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
