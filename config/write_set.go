package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// WritePermissionSet returns the content of a new permission-sets/<Name>.yaml
// with every key that the set has, read back like that of [WriteAccount]. The
// inline policy must be in canonical JSON (see [CanonicalPolicy]).
func WritePermissionSet(s PermissionSet) ([]byte, error) {
	path := s.Path()
	inline, err := inlineLines(s.InlinePolicy)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	out := joinLines(slices.Concat(settingLines(&s), policyListLines(&s), inline, boundaryLines(s.Boundary), tagLines(s.Tags)))
	p, err := readWritten(path, permissionSetKind, out)
	if err != nil {
		return nil, err
	}
	return written(path, out, sameSet(&s, p.permissionSet))
}

// sameSet reports whether two sets are the same in every key.
func sameSet(a, b *PermissionSet) bool {
	return a.Name == b.Name && a.Description == b.Description && a.SessionDuration == b.SessionDuration && a.RelayState == b.RelayState &&
		slices.Equal(a.ManagedPolicies, b.ManagedPolicies) && slices.Equal(a.CustomerManagedPolicies, b.CustomerManagedPolicies) &&
		a.InlinePolicy == b.InlinePolicy && a.Boundary.String() == b.Boundary.String() && maps.Equal(a.Tags, b.Tags)
}

func settingLines(s *PermissionSet) []string {
	lines := []string{"name: " + writeScalar(s.Name)}
	if s.Description != "" {
		lines = append(lines, "description: "+writeScalar(s.Description))
	}
	lines = append(lines, "session_duration: "+FormatDuration(s.SessionDuration))
	if s.RelayState != "" {
		lines = append(lines, "relay_state: "+writeScalar(s.RelayState))
	}
	return lines
}

func policyListLines(s *PermissionSet) []string {
	var lines []string
	if len(s.ManagedPolicies) > 0 {
		lines = append(lines, "managed_policies:")
	}
	for _, arn := range s.ManagedPolicies {
		lines = append(lines, "  - "+writeScalar(arn))
	}
	if len(s.CustomerManagedPolicies) > 0 {
		lines = append(lines, "customer_managed_policies:")
	}
	for _, ref := range s.CustomerManagedPolicies {
		lines = append(lines, "  - "+writeRef(ref))
	}
	return lines
}

// writeRef leaves the path out where it is the one that a reference without any
// has.
func writeRef(ref PolicyRef) string {
	entry := [][2]string{{"name", writeScalar(ref.Name)}}
	if ref.Path != "/" {
		entry = append(entry, [2]string{"path", writeScalar(ref.Path)})
	}
	return flowEntry(entry)
}

func boundaryLines(b *Boundary) []string {
	switch {
	case b == nil:
		return nil
	case b.Customer != nil:
		return []string{"permissions_boundary:", "  customer_managed_policy: " + writeRef(*b.Customer)}
	default:
		return []string{"permissions_boundary:", "  managed_policy: " + writeScalar(b.ManagedPolicy)}
	}
}

func tagLines(tags map[string]string) []string {
	if len(tags) == 0 {
		return nil
	}
	lines := []string{"tags:"}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		lines = append(lines, "  "+writeScalar(k)+": "+writeScalar(tags[k]))
	}
	return lines
}

// inlineLines writes a policy as the mapping that a file has.
func inlineLines(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	// What a reader takes one of two values of a key from is refused here.
	text, err := CanonicalPolicy(text)
	if err != nil {
		return nil, fmt.Errorf("the inline policy has no form that a file could have: %w", err)
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	v, err := jsonValue(dec, 0)
	if err != nil {
		return nil, err // unreachable: CanonicalPolicy read it
	}
	return append([]string{"inline_policy:"}, deeper(policyLines(v))...), nil
}

// policyOrder is how people write the elements of a policy. Others follow by
// name.
func policyOrder() []string {
	return []string{"Version", "Id", "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Statement"}
}

// policyLines writes a value of a policy over lines of its own.
func policyLines(v any) []string {
	var lines []string
	switch v := v.(type) {
	case map[string]any:
		for _, key := range policyKeyOrder(v) {
			lines = append(lines, policyEntry(key, v[key])...)
		}
	case []any:
		for _, item := range v {
			lines = append(lines, policyItem(item)...)
		}
	default:
		return []string{policyScalar(v)}
	}
	return lines
}

func policyKeyOrder(m map[string]any) []string {
	order := policyOrder()
	keys := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(keys, func(a, b string) int { return place(order, a) - place(order, b) })
	return keys
}

// place is where a key stands in an order, the end for one that does not.
func place(order []string, key string) int {
	if i := slices.Index(order, key); i >= 0 {
		return i
	}
	return len(order)
}

func policyEntry(key string, v any) []string {
	if short, ok := policyShort(v); ok {
		return []string{writeScalar(key) + ": " + short}
	}
	return append([]string{writeScalar(key) + ":"}, deeper(policyLines(v))...)
}

func policyItem(v any) []string {
	if short, ok := policyShort(v); ok {
		return []string{"- " + short}
	}
	lines := deeper(policyLines(v))
	lines[0] = "- " + lines[0][2:]
	return lines
}

// policyShort writes what fits on the line of its key.
func policyShort(v any) (string, bool) {
	switch v := v.(type) {
	case map[string]any:
		return "{}", len(v) == 0
	case []any:
		return "[]", len(v) == 0
	default:
		return policyScalar(v), true
	}
}

// policyScalar writes a number or truth value as it is: the file takes only
// text, and says so.
func policyScalar(v any) string {
	switch v := v.(type) {
	case string:
		return writeScalar(v)
	case nil:
		return "null"
	default:
		return fmt.Sprint(v)
	}
}

func deeper(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = "  " + l
	}
	return out
}
