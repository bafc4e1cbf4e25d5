// Package audit is a log of what was done, to whom and by whom, which nobody can
// change, drop or reorder unnoticed, and in which people can still be forgotten.
package audit
