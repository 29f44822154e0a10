module github.com/rematch-dev/rematch/tools/goptertest

go 1.26.0

require (
	github.com/leanovate/gopter v0.2.11
	github.com/rematch-dev/rematch v0.0.0
)

require (
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/pelletier/go-toml/v2 v2.4.3 // indirect
	github.com/sergi/go-diff v1.4.0 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)

replace github.com/rematch-dev/rematch => ../..
