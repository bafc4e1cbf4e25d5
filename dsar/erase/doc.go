// Package erase takes a person's rows out of a database, as the map of package dsar says.
package erase
