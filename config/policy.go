package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// The size of an inline policy ("Quotas and limits in IAM Identity Center").
const (
	maxPolicyBytes = 32768
	maxPolicyText  = 10240 // characters that are no white space
)

// CanonicalPolicy returns a policy document in the one form in which policies
// are compared: JSON with sorted keys and without white space, in which Statement
// is a list and the values of conditions are text. It fails on what is not one
// JSON object, and on a key that stands twice, of which readers would
// see different ones.
func CanonicalPolicy(text string) (string, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	v, err := jsonValue(dec, 0)
	if err != nil {
		return "", fmt.Errorf("policy document: %w", err)
	}
	policy, ok := v.(map[string]any)
	if !ok {
		return "", errors.New("policy document: not a JSON object")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("policy document: text after its end")
	}
	oneForm(policy)
	return policyJSON(policy)
}

// jsonValue reads one value.
func jsonValue(dec *json.Decoder, depth int) (any, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	d, ok := t.(json.Delim)
	switch {
	case !ok:
		return t, nil
	case depth >= maxDepth:
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	case d == '[':
		list := []any{}
		for dec.More() {
			v, err := jsonValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = dec.Token()
		return list, err
	default:
		return jsonObject(dec, depth)
	}
}

func jsonObject(dec *json.Decoder, depth int) (any, error) {
	out := map[string]any{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := fmt.Sprint(key)
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("the key %q stands twice", name)
		}
		if out[name], err = jsonValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return out, err
}

// policyJSON writes a document in canonical form.
func policyJSON(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("policy document: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// checkPolicySize says whether AWS takes a policy: its size, and its alphabet
// (service model: U+0020 to U+00FF).
func checkPolicySize(text string) error {
	n := 0
	for _, r := range text {
		if r > 0xff {
			return &Refusal{fmt.Sprintf("AWS takes no %q (%U) in a policy", r, r), "use Latin-1 characters"}
		}
		if !unicode.IsSpace(r) {
			n++
		}
	}
	if n > maxPolicyText || len(text) > maxPolicyBytes {
		return &Refusal{fmt.Sprintf("the policy has %d characters that are no white space", n), fmt.Sprintf("use at most %d, or move a part to a customer managed policy", maxPolicyText)}
	}
	return nil
}

// allowsAnything reports whether a canonical policy allows every action, all of
// IAM, or all but those it names.
func allowsAnything(policy string) bool {
	if policy == "" {
		return false
	}
	var doc struct {
		Statement []struct {
			Effect            string
			Action, NotAction any
		}
	}
	if err := json.Unmarshal([]byte(policy), &doc); err != nil {
		return true // unreachable: a file's policy has this form
	}
	for _, s := range doc.Statement {
		actions, ok := s.Action.([]any)
		if !ok {
			actions = []any{s.Action}
		}
		for _, a := range actions {
			text, _ := a.(string)
			if s.Effect == "Allow" && (s.NotAction != nil || strings.HasPrefix(text, "*") || strings.EqualFold(text, "iam:*")) {
				return true
			}
		}
	}
	return false
}
