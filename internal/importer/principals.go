package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// principal is a group or user of the identity store that somebody granted
// something.
type principal struct {
	kind config.PrincipalKind
	id   string // in the identity store
	// entra is the Entra object id; "" when there is none that can be trusted,
	// and then finding says why.
	entra   string
	name    string // as Entra has it, else as the identity store has it
	stored  string // as the identity store has it
	finding Finding
	granted []Assignment // sorted
}

func (p *principal) assignment(a Assignment) config.Assignment {
	return config.Assignment{Principal: config.Principal{Kind: p.kind, ID: p.entra}, Account: a.Account, PermissionSet: a.PermissionSet}
}

// label names the principal in a finding.
func (p *principal) label() string {
	return fmt.Sprintf("the %s %s", p.kind, shown(cmp.Or(p.name, p.stored, p.id)))
}

// principals finds out who is behind the assignments.
func (b *builder) principals() error {
	b.who, b.live, b.entered = map[string]*principal{}, map[config.Assignment]bool{}, map[string]int{}
	for _, g := range b.snap.Groups {
		b.who[g.ID] = &principal{kind: config.GroupPrincipal, id: g.ID, stored: g.Name}
	}
	for _, u := range b.snap.Users {
		b.who[u.ID] = &principal{kind: config.UserPrincipal, id: u.ID, stored: u.Name}
	}
	for _, a := range b.snap.Assignments {
		b.entered[a.Account]++
		p := b.who[a.PrincipalID]
		if p == nil || p.kind != a.Kind {
			p = &principal{kind: a.Kind, id: a.PrincipalID, finding: Finding{Code: CodeOrphan}}
			b.who[a.PrincipalID] = p
		}
		p.granted = append(p.granted, a)
	}
	b.identify()
	for _, p := range b.who {
		slices.SortFunc(p.granted, compareAssignments)
		for _, a := range p.granted {
			if p.entra != "" {
				b.live[p.assignment(a)] = true
			}
		}
	}
	b.tellIdle()
	return nil
}

func compareAssignments(a, b Assignment) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.PermissionSet, b.PermissionSet),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.PrincipalID, b.PrincipalID))
}

// identify gives Entra ids to those who have one for certain.
func (b *builder) identify() {
	holders := map[string][]*principal{}
	claim := func(id string, external []string) {
		p := b.who[id]
		e, found := entraID(external)
		if !found {
			p.finding = Finding{Code: CodeByHand, Person: true,
				Text: p.label() + " was not provisioned by Entra, so the config repo cannot name it",
				Mend: "give its access to a group of Entra, import again, and take this one away in Identity Center"}
			return
		}
		p.entra = e
		holders[e] = append(holders[e], p)
	}
	for _, g := range b.snap.Groups {
		claim(g.ID, g.ExternalIDs)
	}
	for _, u := range b.snap.Users {
		claim(u.ID, u.ExternalIDs)
	}
	for e, list := range holders {
		for _, p := range list {
			b.name(p, e, len(list))
		}
	}
}

// entraID finds the one Entra object id among external ids.
func entraID(external []string) (string, bool) {
	var found []string
	for _, x := range external {
		if x = strings.ToLower(x); config.CheckObjectID(x) == nil && !slices.Contains(found, x) {
			found = append(found, x)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// name takes what Entra says of a principal, or why it cannot be named.
func (b *builder) name(p *principal, entra string, holders int) {
	p.name = p.stored
	refuse := func(code Code, mend, format string, args ...any) {
		p.entra, p.finding = "", Finding{Code: code, Person: true, Text: fmt.Sprintf(format, args...), Mend: mend}
	}
	if holders > 1 {
		refuse(CodeDoubled, "delete the one that Entra does not provision, in Identity Center", "%s has the external id %s, and so has another", p.label(), entra)
		return
	}
	if d := b.snap.Directory; d != nil && len(p.granted) > 0 {
		name, found := d.nameOf(p.kind, entra)
		if !found {
			refuse(CodeUnknown, "take its access away in Identity Center", "Entra does not know %s (%s) any more", p.label(), entra)
			return
		}
		p.name = name
	}
	check, mend := config.CheckGroupName, "rename the group in Entra, wait until it is provisioned, and import again"
	if p.kind == config.UserPrincipal {
		check, mend = config.CheckUserName, "give the access to a group"
	}
	if err := check(p.name); err != nil {
		refuse(CodeName, mend, "the name of %s cannot stand in a file: %s", p.label(), err)
	}
}

// nameOf returns what a file calls a principal, as Entra has it.
func (d *Directory) nameOf(kind config.PrincipalKind, id string) (string, bool) {
	if kind == config.UserPrincipal {
		u, ok := d.Users[id]
		return strings.ToLower(u.UPN), ok
	}
	g, ok := d.Groups[id]
	return g.Name, ok
}

// tellIdle counts the groups that need no file, and says if nobody asked Entra.
func (b *builder) tellIdle() {
	var idle []string
	for _, p := range b.who {
		if p.kind == config.GroupPrincipal && p.entra != "" && len(p.granted) == 0 {
			idle = append(idle, shown(p.stored))
		}
	}
	slices.Sort(idle)
	if len(idle) > 0 {
		b.tell(Finding{Code: CodeGroupIdle,
			Text: fmt.Sprintf("%d group(s) of Entra are in Identity Center and have no access: %s", len(idle), some(idle)),
			Mend: "write a file of a group, with access: [], where people should ask for it in chat"})
	}
	if b.snap.Directory == nil {
		b.tell(Finding{Code: CodeUnchecked,
			Text: "Entra was not asked, so the names of groups are those of Identity Center",
			Mend: "put entra into the settings and import again, or compare the names by hand"})
	}
}
