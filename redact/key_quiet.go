package redact

import (
	"encoding/binary"
	"sync/atomic"
)

// quietKeys remembers keys that say nothing about their values: an application has few, and each stands in front of most
// of what it logs. It remembers the first thousand or so and then no more, so that it costs no memory to speak of and
// nobody can make it forget; forgetting costs time only.
type quietKeys struct {
	slot [512]atomic.Pointer[quietKey]
	full atomic.Int32
}

// quietKey is a key of 4 to 16 bytes: its length and its first and last eight or, when it is shorter, four bytes, which
// overlap.
type quietKey struct {
	first, last uint64
	n           int
}

// quietOf returns the key src[ls:le]. It is none when it is too short or too long to be remembered.
func quietOf(src []byte, ls, le int) (k quietKey) {
	switch n := le - ls; {
	case n < 4 || n > 16:
	case n < 8:
		k.first = uint64(binary.LittleEndian.Uint32(src[ls:])) | uint64(binary.LittleEndian.Uint32(src[le-4:]))<<32
		k.last, k.n = k.first, n
	default:
		k.first, k.last, k.n = binary.LittleEndian.Uint64(src[ls:]), binary.LittleEndian.Uint64(src[le-8:]), n
	}
	return k
}

// small reports whether all bytes of k, which is one, are small letters, for those that words are made of.
func (k *quietKey) small() bool {
	const m = 0x6060606060606060
	return k.first&k.last&m == m
}

func (k *quietKey) slot() uint64 {
	return (k.first ^ (k.last<<7 | k.last>>57) ^ uint64(k.n)) * 0x9E3779B97F4A7C15 >> 55
}

func (q *quietKeys) has(k quietKey) bool {
	have := q.slot[k.slot()].Load()
	return have != nil && *have == k
}

func (q *quietKeys) add(k quietKey) {
	if k.n != 0 && q.full.Load() < 1024 {
		q.full.Add(1)
		own := k
		q.slot[k.slot()].Store(&own)
	}
}

// judgedKeys remembers verdicts on keys as quietKeys does keys.
type judgedKeys struct {
	slot [512]atomic.Pointer[judgedKey]
	full atomic.Int32
}

type judgedKey struct {
	key quietKey
	verdict
}

func (j *judgedKeys) get(k quietKey) (verdict, bool) {
	if have := j.slot[k.slot()].Load(); have != nil && have.key == k {
		return have.verdict, true
	}
	return verdict{}, false
}

func (j *judgedKeys) add(k quietKey, v verdict) {
	if j.full.Load() < 1024 {
		j.full.Add(1)
		j.slot[k.slot()].Store(&judgedKey{k, v})
	}
}
