package config

import (
	"fmt"
	"slices"
)

// AddGrant returns the content of a group or user file with one more grant, at
// the end of its list and in the style of the list. Nil content makes a new
// file from the header; otherwise the header's ID, if there is one, must be
// that of the file. All other bytes stay. The result is read back: what cannot
// be read as this grant is an error, [Problems] or a [Refusal] where the input
// is at fault, [ErrGrantExists] if the grant is there.
func AddGrant(content []byte, kind PrincipalKind, h Header, g Grant) ([]byte, error) {
	return AddGrants(content, kind, h, []Grant{g})
}

// AddGrants is [AddGrant] for several grants, which are added all or not at
// all, in their order.
func AddGrants(content []byte, kind PrincipalKind, h Header, grants []Grant) ([]byte, error) {
	for _, g := range grants {
		if err := checkGrantText(g); err != nil {
			return nil, fmt.Errorf("add a grant of %s: %w", g.PermissionSet, err)
		}
	}
	if content == nil {
		content = newPrincipalFile(h)
	}
	e, err := newEditor(content, kind)
	if err != nil {
		return nil, fmt.Errorf("add %s: %w", granted(grants), err)
	}
	if h.ID != "" && h.ID != e.file.Principal.ID {
		return nil, fmt.Errorf("add %s: the file is of %s, not of %s", granted(grants), e.file.Principal.ID, h.ID)
	}
	if len(grants) == 0 {
		return content, nil
	}
	return e.addGrants(grants)
}

// granted names grants in an error.
func granted(grants []Grant) string {
	if len(grants) == 1 {
		return "a grant of " + grants[0].PermissionSet
	}
	return fmt.Sprintf("%d grants", len(grants))
}

// addGrants writes the grants and reads them back.
func (e *editor) addGrants(grants []Grant) ([]byte, error) {
	want, kind := e.describe(), e.file.Principal.Kind
	had := make(map[GrantKey]bool, len(e.file.Access)+len(grants))
	for _, g := range e.file.Access {
		had[e.file.Key(g)] = true
	}
	entries := make([][][2]string, 0, len(grants))
	for _, g := range grants {
		key := e.file.Key(g)
		if had[key] {
			return nil, fmt.Errorf("add %s: %w", key, ErrGrantExists)
		}
		had[key] = true
		entries = append(entries, entry(g))
		want = append(want, string(key)+" "+g.describe(g.Account))
	}
	what := granted(grants)
	if len(grants) == 1 {
		what = string(e.file.Key(grants[0]))
	}
	out := e.add(entries...)
	after, err := newEditor(out, kind)
	if err != nil {
		return nil, fmt.Errorf("add %s: %w", what, err)
	}
	if !slices.Equal(after.describe(), want) {
		return nil, fmt.Errorf("add %s: it does not read back as it was written", what)
	}
	return out, nil
}
