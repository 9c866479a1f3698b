package importer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
)

// grants writes what is live and not in the repo: lines in the files that are
// there, and new files.
func (b *builder) grants() error {
	b.tellNotLive()
	ended := b.ended()
	declared := map[config.Assignment]bool{}
	for _, d := range b.repo.Desired(allBegun(b.repo, b.opts.Now), b.opts.Now) {
		declared[d.Assignment] = true
	}
	accounts := byID(b.repo)
	for _, p := range b.byName() {
		var missing []config.Grant
		open := 0
		for _, a := range p.granted {
			f := accounts[a.Account]
			if b.skipped[a.Account] > 0 {
				continue
			}
			open++
			if p.entra == "" || declared[p.assignment(a)] {
				continue
			}
			if end, ok := ended[p.assignment(a)]; ok {
				b.tellEnded(p, a, end)
				continue
			}
			if f.Stage == config.StageLegacy {
				b.tellLegacy(p, f, a)
				continue
			}
			missing = append(missing, config.Grant{Account: f.Slug, PermissionSet: a.PermissionSet})
		}
		if err := b.put(p, missing, open); err != nil {
			return err
		}
	}
	return nil
}

// byName returns the principals in an order that does not depend on ids of the
// identity store, as far as names do not agree.
func (b *builder) byName() []*principal {
	return slices.SortedFunc(maps.Values(b.who), func(x, y *principal) int {
		return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.entra, y.entra), cmp.Compare(x.id, y.id))
	})
}

// ended returns what grants that have ended would make, with the latest end.
func (b *builder) ended() map[config.Assignment]time.Time {
	out := map[config.Assignment]time.Time{}
	for _, ref := range b.repo.Grants() {
		end := ref.Grant.Expires
		if end.IsZero() || end.After(b.opts.Now) {
			continue
		}
		for _, acc := range b.repo.Resolve(ref.Grant) {
			a := config.Assignment{Principal: ref.File.Principal, Account: acc.ID, PermissionSet: ref.Grant.PermissionSet}
			if end.After(out[a]) {
				out[a] = end
			}
		}
	}
	return out
}

func (b *builder) tellEnded(p *principal, a Assignment, end time.Time) {
	b.tell(Finding{Code: CodeEnded, Person: true, Subject: p.entra + " " + a.Account + " " + a.PermissionSet,
		Text: fmt.Sprintf("%s still has %s in %s, which the config repo ended on %s; it is not written again", p.label(), a.PermissionSet, a.Account, end.UTC().Format(time.RFC3339)),
		Mend: "take it away in Identity Center, or grant it anew with a pull request"})
}

func (b *builder) tellLegacy(p *principal, f *config.Account, a Assignment) {
	b.tell(Finding{Code: CodeLegacyAccess, Person: true, Subject: p.entra + " " + a.Account + " " + a.PermissionSet,
		Text: fmt.Sprintf("%s has %s in %s, which accounts/%s.yaml calls legacy; it is not written", p.label(), a.PermissionSet, f.ID, f.Slug),
		Mend: "write stage: sso there and import again, or take it away in Identity Center"})
}

// tellNotLive counts what the repo grants beyond what is live: the plan has it.
func (b *builder) tellNotLive() {
	absent := b.absent(b.base)
	if len(absent) == 0 {
		return
	}
	var names []string
	for _, a := range sortedKeys(absent, config.Assignment.Compare) {
		f, _ := b.base.PrincipalFile(a.Principal)
		names = append(names, fmt.Sprintf("%s in %s for %s", a.PermissionSet, a.Account, f.Slug))
	}
	b.tell(Finding{Code: CodeNotLive,
		Text: fmt.Sprintf("%d assignment(s) of the config repo are not live: %s", len(names), some(names)),
		Mend: "see 'bot plan', which would make them"})
}

// put writes the grants of one principal, or says why it does not. open is how
// many assignments it has in accounts that are not left out.
func (b *builder) put(p *principal, grants []config.Grant, open int) error {
	if open == 0 {
		return nil
	}
	if p.entra == "" {
		b.tellUnnamed(p, open)
		return nil
	}
	if p.kind == config.GroupPrincipal {
		b.compareGroup(p)
	}
	if len(grants) == 0 {
		return nil
	}
	if p.kind == config.UserPrincipal {
		if b.opts.UsersUntil.IsZero() {
			b.tellUser(p, grants)
			return nil
		}
		for i := range grants {
			grants[i].Expires = b.opts.UsersUntil
		}
	}
	slices.SortFunc(grants, func(x, y config.Grant) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.PermissionSet, y.PermissionSet))
	})
	return b.putFile(p, grants)
}

// putFile adds grants to the principal's file, or makes it.
func (b *builder) putFile(p *principal, grants []config.Grant) error {
	who := config.Principal{Kind: p.kind, ID: p.entra}
	path := b.newPath(p)
	var old []byte
	if f, ok := b.base.PrincipalFile(who); ok {
		path = f.Path()
		var err error
		if old, err = b.tree.read(path); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	data, err := config.AddGrants(old, p.kind, config.Header{ID: p.entra, Name: p.name}, grants)
	var problems config.Problems
	var refusal *config.Refusal
	switch {
	case errors.As(err, &problems), errors.As(err, &refusal):
		b.tell(Finding{Code: CodeTooLarge, Person: true, Subject: path,
			Text: fmt.Sprintf("%d grant(s) of %s are left out, since %s could not hold them: %s", len(grants), p.label(), path, firstLine(err)),
			Mend: "grant by OU or tags instead of account by account"})
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case old == nil:
		b.write(path, data)
	default:
		b.change(path, old, data)
	}
	return nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// newPath names a new file. A user's is called by what stands before the @.
func (b *builder) newPath(p *principal) string {
	dir, name := groupsDir, p.name
	if p.kind == config.UserPrincipal {
		dir = usersDir
		name, _, _ = strings.Cut(p.name, "@")
	}
	return dir + config.SlugFor(name, p.entra, func(s string) bool { return b.taken(dir + s + ".yaml") }) + ".yaml"
}

// compareGroup says what stands in the way of a group that is written.
func (b *builder) compareGroup(p *principal) {
	if f, ok := b.base.Groups[b.slugOf(p)]; ok && f.Name != p.name {
		b.tell(Finding{Code: CodeRenamed, Person: true, Subject: f.Path(),
			Text: fmt.Sprintf("%s names the group %s, and it is called %s", f.Path(), f.Name, shown(p.name)),
			Mend: "correct the name there; until then the bot adds nothing for it"})
	}
	if d := b.snap.Directory; d != nil && !d.Groups[p.entra].Security {
		b.tell(Finding{Code: CodeNotSecurity, Person: true, Subject: p.entra,
			Text: p.label() + " is no security group of Entra, so the bot cannot assign it to the enterprise application",
			Mend: "give its access to a security group"})
	}
}

func (b *builder) slugOf(p *principal) string {
	f, ok := b.base.PrincipalFile(config.Principal{Kind: p.kind, ID: p.entra})
	if !ok {
		return ""
	}
	return f.Slug
}

func (b *builder) tellUser(p *principal, grants []config.Grant) {
	var names []string
	for _, g := range grants {
		names = append(names, g.PermissionSet+" in "+g.Account)
	}
	b.tell(Finding{Code: CodeUser, Person: true, Subject: p.entra,
		Text: fmt.Sprintf("%s has access of its own, which needs an end in a config repo and is left out: %s", p.label(), some(names)),
		Mend: "give it to a group in Entra, or import with --user-grants-until 2027-01-31"})
}

// tellUnnamed says who has access and cannot be written.
func (b *builder) tellUnnamed(p *principal, n int) {
	f := p.finding
	f.Subject = p.id
	if f.Code == CodeOrphan {
		f.Text, f.Mend = fmt.Sprintf("the %s %s does not exist any more", p.kind, shown(p.id)), "take its assignments away in Identity Center; they let nobody in"
	}
	f.Text += fmt.Sprintf("; %d assignment(s) are left out", n)
	b.tell(f)
}
