module github.com/bailiwick-dev/bailiwick/internal/interop/standardwebhooks

go 1.26.0

replace github.com/bailiwick-dev/bailiwick => ../../..

require (
	github.com/bailiwick-dev/bailiwick v0.0.0-00010101000000-000000000000
	github.com/standard-webhooks/standard-webhooks/libraries v0.0.1
	github.com/stretchr/testify v1.12.1
	pgregory.net/rapid v1.3.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
