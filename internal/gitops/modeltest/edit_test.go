package modeltest_test

import (
	"fmt"
	"slices"
	"strings"
)

// edit changes a state in one of many ways, and says how; "" when there is
// nothing to change.
func (w *world) edit(s state, by string, o op) (state, string) {
	account, group := pick(accounts, o.n[1]/7), pick(groups[:2], o.n[3])
	switch o.n[2] % 22 {
	case 0, 1, 2, 3, 4:
		return w.addEntry(s, group, entry{account: account, set: pick(sets, o.n[3]/3)})
	case 5, 6, 7:
		return w.removeEntry(s, group, o)
	case 8:
		t := tag{"env", pick([]string{"prod", "dev"}, o.n[3]/3)}
		return changed(s, s.edit(accountPath(account), put(t)), fmt.Sprintf("%s gets %v", account, t))
	case 9:
		t := tag{"team", pick([]string{"pay", "data"}, o.n[3]/3)}
		if o.n[4]%2 == 0 {
			env := tag{"env", pick([]string{"prod", "dev"}, o.n[3]/6)}
			return changed(s, s.edit(accountPath(account), put(t)).edit(accountPath(account), put(env)), fmt.Sprintf("%s gets %v and %v", account, t, env))
		}
		return changed(s, s.edit(accountPath(account), put(t)), fmt.Sprintf("%s gets %v", account, t))
	case 10:
		return editOwners(s, account, by)
	case 11, 12:
		name := pick([]string{"admin", "power", "read", "bill", "rest", "control"}, o.n[3]/3)
		r := rule{name, 3 - s.count(name)}
		return changed(s, s.edit(accessPath, put(r)), fmt.Sprintf("rule %v", r))
	case 13:
		who := pick([]string{"stranger", "boss", "sam", "hana"}, o.n[3]/3)
		if s.linked(who) {
			return changed(s, s.edit(peoplePath, drop("person "+who)), "unlinks "+who)
		}
		return changed(s, s.edit(peoplePath, put(person{who})), "links "+who)
	case 14:
		mixed, said := w.addEntry(s, group, entry{account: account, set: "ReadOnlyAccess"})
		if said == "" {
			return s, ""
		}
		return editOwners(mixed, account, by)
	case 15:
		return w.addEntry(s, group, entry{team: pick([]string{"pay", "data"}, o.n[3]/3), set: pick(sets[:3], o.n[3]/6)})
	case 16:
		return w.lengthen(s, group, o)
	case 17:
		return w.addEntry(s, group, entry{account: account, set: "AdministratorAccess", hours: 12})
	case 18:
		e := entry{account: account, set: "ReadOnlyAccess", request: "REQ-F0RGED"}
		if len(w.asks) > 0 {
			e.request = pick(w.asks, o.n[3]).id
		}
		return w.addEntry(s, group, e)
	}
	if s.junk() {
		return s.edit(peoplePath, drop("junk")), "takes the invalid key out"
	}
	s = s.edit(peoplePath, put(fixed{"junk", "junk: true"}))
	if with, said := w.addEntry(s, group, entry{account: account, set: pick(sets, o.n[3]/3)}); said != "" && o.n[4]%4 > 0 {
		return with, "puts an invalid key in and " + said
	}
	return s, "puts an invalid key in"
}

// junk reports a key that makes the config invalid.
func (s state) junk() bool {
	_, has := find[fixed](s, peoplePath, "junk")
	return has
}

func changed(from, to state, said string) (state, string) {
	if equal(from, to) {
		return from, ""
	}
	return to, said
}

// addEntry adds an entry that the file does not have.
func (w *world) addEntry(s state, group string, e entry) (state, string) {
	if e.hours == 0 && (e.set == "AdministratorAccess" || e.set == "Billing") {
		e.hours = 4
	}
	if f := s[groupPath(group)]; f == nil || slices.ContainsFunc(f.entries(), func(o entry) bool { return o.key() == e.key() }) {
		return s, ""
	}
	e.reason = w.word()
	return s.edit(groupPath(group), put(e)), fmt.Sprintf("adds %v to %s", e, group)
}

func (w *world) removeEntry(s state, group string, o op) (state, string) {
	f := s[groupPath(group)]
	if f == nil || len(f.entries()) == 0 {
		return s, ""
	}
	e := pick(f.entries(), o.n[3]/3)
	out := s.edit(groupPath(group), drop(e.id()))
	if o.n[3]%7 == 0 {
		e.reason = w.word()
		return out.edit(groupPath(group), put(e)), fmt.Sprintf("gives %v of %s another reason", e, group)
	}
	return out, fmt.Sprintf("removes %v from %s", e, group)
}

// lengthen changes the length of an entry with an end.
func (w *world) lengthen(s state, group string, o op) (state, string) {
	f := s[groupPath(group)]
	if f == nil {
		return s, ""
	}
	for _, e := range f.entries() {
		if e.hours == 0 {
			continue
		}
		longer := e
		longer.hours, longer.reason = pick([]int{2, 4, 6, 10}, o.n[3]), w.word()
		out := s.edit(groupPath(group), drop(e.id()))
		if slices.ContainsFunc(out[groupPath(group)].entries(), func(x entry) bool { return x.key() == longer.key() }) {
			continue
		}
		return changed(s, out.edit(groupPath(group), put(longer)), fmt.Sprintf("makes %v of %s %v", e, group, longer))
	}
	return s, ""
}

// editOwners makes somebody an owner of an account, or takes them out.
func editOwners(s state, account, by string) (state, string) {
	refs, me := s.owners(accountPath(account)), cast[by].email()
	if !s.linked(by) {
		me = "team:leads"
	}
	if i := slices.Index(refs, me); i >= 0 {
		refs = slices.Delete(slices.Clone(refs), i, i+1)
	} else {
		refs = append(slices.Clone(refs), me)
	}
	if len(refs) == 0 {
		refs = []string{"team:platform"}
	}
	return s.edit(accountPath(account), put(owners{strings.Join(refs, ",")})), fmt.Sprintf("%s is owned by %v", account, refs)
}
