package main

import (
	"net/http"

	"github.com/bailiwick-dev/bailiwick/dsar"
)

// dataMap is the map, compiled: what is wrong with it keeps the program from starting.
var dataMap = func() *dsar.Compiled {
	c, err := personalData.Compile()
	if err != nil {
		panic(err)
	}
	return c
}()

// processingPage shows the record of processing activities and the processors, as the map has them.
func (d *desk) processingPage(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, "processing", "Processing", dataMap.Record())
}

func (d *desk) recordOfProcessing(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("as") == "json" {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="record-of-processing.json"`)
		return dataMap.Record().WriteJSON(w)
	}
	w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="record-of-processing.md"`)
	return dataMap.Record().WriteMarkdown(w)
}
