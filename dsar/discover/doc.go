// Package discover proposes a map of personal data from a live database.
package discover
