package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/redact"
)

func ExampleSecret() {
	var config struct {
		Host     string
		Password redact.Secret[string]
	}
	_ = json.Unmarshal([]byte(`{"Host":"db-1","Password":"correct horse"}`), &config)

	fmt.Printf("%+v\n", config)
	printed, _ := json.Marshal(config)
	fmt.Println(string(printed))
	fmt.Println(len(config.Password.Reveal()), "characters")

	err := json.Unmarshal(printed, &config) // what was printed comes back
	fmt.Println(errors.Is(err, redact.ErrPlaceholder), len(config.Password.Reveal()), "characters still")
	// Output:
	// {Host:db-1 Password:[redacted:secret]}
	// {"Host":"db-1","Password":"[redacted:secret]"}
	// 13 characters
	// true 13 characters still
}

func ExampleView() {
	type Address struct{ City, Street string }
	type Customer struct {
		ID     int    `json:"id"`
		Name   string `json:"name"`
		Email  string
		Home   Address
		APIKey string `privacy:"secret"`
		Extra  map[string]any
	}
	public, err := redact.NewView[Customer]("ID", "Name", "Home.City")
	fmt.Println(err)
	out, _ := public.Append(nil, &Customer{ID: 7, Name: "Ada", Email: "ada@example.com", Home: Address{"Turin", "Via Po 1"}})
	fmt.Println(string(out))

	_, err = redact.NewView[Customer]("ID", "APIKey")
	fmt.Println(err)
	_, err = redact.NewView[Customer]("ID", "Extra")
	fmt.Println(err)
	// Output:
	// <nil>
	// {"id":7,"name":"Ada","Home":{"City":"Turin"}}
	// redact: this cannot be a view: redact_test.Customer.APIKey: its privacy tag says secret
	// redact: this cannot be a view: redact_test.Customer.Extra: a map[string]interface {} could carry more than is listed
}

func ExampleClass() {
	for _, c := range []redact.Class{redact.ClassEmail, redact.ClassRefreshToken, redact.Card.Class()} {
		fmt.Println(c, c.Fides(), c.SupportMaySee())
	}
	// Output:
	// email user.contact.email true
	// refresh_token user.authorization.credentials false
	// card user.financial.credit_card false
}
