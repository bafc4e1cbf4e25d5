// Package bench measures the goals of the library as ratios: ours, the peers
// and a floor side by side in one run.
//
// A workload is one file and one Benchmark. Its ways of doing the same thing
// are run in short rounds that take turns, and each ratio is the median of the
// ratios of the rounds, so that a machine that drifts drifts for all of them.
// No figure fails anything; a run ends with a table of the goals it touched.
// What can fail is a way that gives a wrong answer: plain "go test" checks
// every way once.
//
//	go test -run '^$' -bench . .                          # all workloads
//	go test -run '^$' -bench PointRead/link -benchtime 3s .
//	go test -tags peers -run '^$' -bench . .              # with the peers that are heavy to compile
//
// The Postgres workloads use the server of internal/dbtest: the one that
// BAILIWICK_TEST_POSTGRES names, or a throwaway one.
package bench
