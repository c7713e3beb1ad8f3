package eventstore

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Parts are the two parts of an event's data, as stored.
type Parts struct {
	Open    jsontext.Value `json:"open"`
	Private jsontext.Value `json:"private"`
}

// Split takes an event's data apart without decoding them. Data that are not
// exactly {"open":O,"private":P} are an error.
func Split(data []byte) (Parts, error) {
	var p Parts
	if err := json.Unmarshal(data, &p, json.RejectUnknownMembers(true)); err != nil {
		return Parts{}, fmt.Errorf("event data: %w", err)
	}
	if p.Open.Kind() != '{' || p.Private.Kind() != '{' {
		return Parts{}, fmt.Errorf(`event data are not {"open":{...},"private":{...}}`)
	}
	return p, nil
}
