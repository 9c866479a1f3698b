package emukit

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
)

// Decode parses one JSON value and keeps its numbers as they were written.
func Decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, strconv.ErrSyntax
	}
	return v, nil
}

// Encode returns the JSON of a value that came from JSON, without escaping characters
// that JSON does not need escaped.
func Encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil // unreachable: the value is made of JSON's own types
	}
	return bytes.TrimSpace(b.Bytes())
}
