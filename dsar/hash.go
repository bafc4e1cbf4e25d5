package dsar

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// hash covers all that the map says, in an order of its own.
func (m *Map) hash() string {
	c := m.clone()
	c.Waive = nil
	slices.SortFunc(c.Subjects, func(a, b Subject) int { return cmp.Compare(a.Kind, b.Kind) })
	slices.SortFunc(c.Tables, func(a, b Table) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Purposes, func(a, b Purpose) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Processors, func(a, b Processor) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Aside, func(a, b Aside) int { return cmp.Compare(a.Name, b.Name) })
	for i := range c.Tables {
		slices.SortFunc(c.Tables[i].Columns, func(a, b Column) int { return cmp.Compare(a.Name, b.Name) })
		slices.Sort(c.Tables[i].Plain)
		slices.Sort(c.Tables[i].Triggers)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic("dsar: a map cannot be written: " + err.Error()) // it holds texts, numbers and times
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// clone copies what compiling and hashing would change or keep.
func (m *Map) clone() *Map {
	c := *m
	c.Subjects, c.Purposes, c.Processors, c.Aside = slices.Clone(m.Subjects), slices.Clone(m.Purposes), slices.Clone(m.Processors), slices.Clone(m.Aside)
	c.Waive, c.Measures, c.Tables = slices.Clone(m.Waive), slices.Clone(m.Measures), slices.Clone(m.Tables)
	for i := range c.Tables {
		t := &c.Tables[i]
		t.Columns, t.Plain, t.Links, t.Key, t.Triggers = slices.Clone(t.Columns), slices.Clone(t.Plain), slices.Clone(t.Links), slices.Clone(t.Key), slices.Clone(t.Triggers)
	}
	return &c
}
