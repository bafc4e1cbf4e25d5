package main

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// What the API shows is listed: a field that is added to the struct is not in it.
var (
	conversationView = mustView[conversation]("ID", "Subject", "Status", "Changed")
	messageView      = mustView[message]("Author", "Kind", "Body", "Sent")
)

func mustView[T any](fields ...string) *redact.View[T] {
	v, err := redact.NewView[T](fields...)
	if err != nil {
		panic(err)
	}
	return v
}

// listOf writes items by their view.
func listOf[T any](v *redact.View[T], items []T) (json.RawMessage, error) {
	out := []byte{'['}
	for i := range items {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = v.Append(out, &items[i]); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err
}

func (d *desk) apiConversations(w http.ResponseWriter, r *http.Request) error {
	before, _ := time.Parse(time.RFC3339Nano, r.URL.Query().Get("before"))
	list, err := d.conversations(r.Context(), r.URL.Query().Get("status"), before, r.URL.Query().Get("id"))
	if err != nil {
		return err
	}
	all, err := listOf(conversationView, list)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"conversations": all})
}

func (d *desk) apiConversation(w http.ResponseWriter, r *http.Request) error {
	c, messages, err := d.conversation(r.Context(), r.PathValue("id"), false)
	if err != nil {
		return err
	}
	head, err := conversationView.Append(nil, &c)
	if err != nil {
		return err
	}
	all, err := listOf(messageView, messages)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"conversation": json.RawMessage(head), "messages": all})
}

func (d *desk) apiAnswer(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Body string `json:"body"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil {
		return badInput("The body is no JSON of this form.")
	}
	id, err := d.say(r.Context(), r.PathValue("id"), "message", in.Body, userOf(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, map[string]string{"id": id})
}
