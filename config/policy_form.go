package config

import (
	"encoding/json"
	"regexp"
)

// plainNumber is a number whose text is the one that people write for it.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$`)

// oneForm rewrites what a policy may say in two ways into the one that a file
// has: a statement that is no list is a list of one, and a truth value or number
// of a condition is its text (IAM User Guide, grammar of the JSON policy
// language: "Statement" may be a single object, and values of conditions may be
// written with or without quotes). Everything else stays as it is.
func oneForm(policy map[string]any) {
	statements, isList := policy["Statement"].([]any)
	if one, isObject := policy["Statement"].(map[string]any); isObject {
		statements, isList = []any{one}, true
		policy["Statement"] = statements
	}
	if !isList {
		return
	}
	for _, s := range statements {
		statement, _ := s.(map[string]any)
		operators, _ := statement["Condition"].(map[string]any)
		for _, o := range operators {
			if keys, ok := o.(map[string]any); ok {
				for key, v := range keys {
					keys[key] = valueText(v)
				}
			}
		}
	}
}

// valueText is a value of a condition, or a list of them, as text.
func valueText(v any) any {
	switch v := v.(type) {
	case bool:
		if v {
			return "true"
		}
		return "false"
	case json.Number:
		if plainNumber.MatchString(v.String()) {
			return v.String()
		}
	case []any:
		for i := range v {
			if _, nested := v[i].([]any); !nested {
				v[i] = valueText(v[i])
			}
		}
	}
	return v
}
