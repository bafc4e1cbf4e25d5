// Package doctest holds no code: its tests hold the documents to what the code
// does. Every claim names tests that exist, and every Go snippet compiles.
package doctest
