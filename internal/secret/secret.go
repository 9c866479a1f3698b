// Package secret holds values that must never be printed. A [Value] shows as
// "[secret]" through fmt, slog, JSON and YAML; only Reveal gives the bytes.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// shown stands for the value wherever something tries to print it.
const shown = "[secret]"

// Value is a secret. The zero value is empty.
type Value struct {
	text string
}

// New returns a secret that holds text.
func New(text string) Value { return Value{text} }

// Reveal returns the secret itself. The result must not be logged or stored.
func (v Value) Reveal() string { return v.text }

// Empty reports whether there is no secret.
func (v Value) Empty() bool { return v.text == "" }

// Len returns the length in bytes.
func (v Value) Len() int { return len(v.text) }

// Format implements [fmt.Formatter] for every verb.
func (v Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, shown) }

// String implements [fmt.Stringer].
func (v Value) String() string { return shown }

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + shown + `"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (v Value) MarshalText() ([]byte, error) { return []byte(shown), nil }

// MarshalYAML implements yaml.Marshaler.
func (v Value) MarshalYAML() (any, error) { return shown, nil }

// LogValue implements [slog.LogValuer].
func (v Value) LogValue() slog.Value { return slog.StringValue(shown) }
