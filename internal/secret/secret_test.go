package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestT37AValueIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const canary = "canary-0123456789"
	holder := struct {
		A Value
		P *Value
	}{A: New(canary)}
	holder.P = &holder.A
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", holder)
		fmt.Fprintf(&out, verb+"\n", holder.A)
		fmt.Fprintf(&out, verb+"\n", holder.P)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		b, err := marshal(holder)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "holder", holder, "value", holder.A)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "holder", holder, "value", holder.P)
	if s := out.String(); strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) {
		t.Errorf("secret was printed:\n%s", s)
	}
	if holder.A.Reveal() != canary {
		t.Error("Reveal does not give the secret")
	}
}
