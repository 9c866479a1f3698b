package config

import (
	"maps"
	"slices"
)

// HandleField is the field of a [Change.Control] whose file has a name that
// meant something else before: Old and New say which id it meant and means.
const HandleField = "file name"

// bearer is what a file is about.
type bearer struct{ id, name string }

func (b bearer) String() string { return b.id + " (" + b.name + ")" }

// handles lists the files whose slug means another id than before. People and
// entries know accounts, groups and users by slug, so that one that changes hands
// is no matter of form though every assignment stays. So is one that was free and
// is what another file's name says: that way two files would exchange their slugs
// in steps. Any other new name of a file is free.
func (c *comparison) handles() []FieldChange {
	var out []FieldChange
	if !c.sameAccounts {
		was, now := accountBearers(c.base), accountBearers(c.head)
		out = append(out, handleChanges(was, now, accountPath)...)
	}
	for _, kind := range []PrincipalKind{GroupPrincipal, UserPrincipal} {
		was, now := c.principalBearers(kind)
		out = append(out, handleChanges(was, now, func(slug string) string { return (&PrincipalFile{Principal: Principal{Kind: kind}, Slug: slug}).Path() })...)
	}
	return out
}

func accountBearers(r *Repo) map[string]bearer {
	out := make(map[string]bearer, len(r.Accounts))
	for slug, a := range r.Accounts {
		out[slug] = bearer{a.ID, a.Name}
	}
	return out
}

// principalBearers returns those of one kind before and after, none where no
// file differs.
func (c *comparison) principalBearers(kind PrincipalKind) (was, now map[string]bearer) {
	differs := false
	was, now = map[string]bearer{}, map[string]bearer{}
	for _, p := range c.pairs {
		if p.base != nil && p.base.Principal.Kind == kind {
			was[p.base.Slug] = bearer{p.base.Principal.ID, p.base.Name}
		}
		if p.head != nil && p.head.Principal.Kind == kind {
			now[p.head.Slug] = bearer{p.head.Principal.ID, p.head.Name}
		}
		differs = differs || p.base != p.head
	}
	if !differs {
		return nil, nil
	}
	return was, now
}

// handleChanges compares what slugs mean. An id that is in no other file before
// or after was changed in its place, which is a change of the field.
func handleChanges(was, now map[string]bearer, path func(slug string) string) []FieldChange {
	before, after := slugsByID(was), slugsByID(now)
	names := map[string][]bearer{} // by the slug that the name would have
	var out []FieldChange
	for _, slug := range slices.Sorted(maps.Keys(now)) {
		is := now[slug]
		old, taken := was[slug]
		from, moved := before[is.id]
		switch _, stays := after[old.id]; {
		case taken && old.id != is.id && (moved || stays):
			out = append(out, FieldChange{path(slug), HandleField, old.String(), is.String()})
		case !taken && moved && from != slug && slugify(is.name) != slug:
			if len(names) == 0 {
				for _, b := range was {
					names[slugify(b.name)] = append(names[slugify(b.name)], b)
				}
			}
			for _, b := range names[slug] {
				if b.id != is.id {
					out = append(out, FieldChange{path(slug), HandleField, "no file, but the name of " + b.String(), is.String()})
					break
				}
			}
		}
	}
	return out
}

func slugsByID(list map[string]bearer) map[string]string {
	out := make(map[string]string, len(list))
	for slug, b := range list {
		out[b.id] = slug
	}
	return out
}
