module github.com/bailiwick-dev/bailiwick/internal/interop/sentry

go 1.26.0

replace github.com/bailiwick-dev/bailiwick => ../../..

require (
	github.com/bailiwick-dev/bailiwick v0.0.0-00010101000000-000000000000
	github.com/getsentry/sentry-go v0.50.0
	github.com/stretchr/testify v1.12.1
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
