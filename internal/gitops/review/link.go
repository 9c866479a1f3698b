package review

import (
	"slices"

	"aws-access-bot/config"
)

// linksOne reports whether the change does nothing but give one person, the
// requester, one account in people.yaml: it adds it, or puts it in place of the
// one of its kind.
func (e *evaluation) linksOne() bool {
	c := e.in.Change
	if len(c.Added)+len(c.Lengthened)+len(c.Shortened)+len(c.Removed)+len(c.NewAccounts)+len(c.NewPrincipals)+len(c.Entries)+len(c.Content) > 0 {
		return false
	}
	who := e.in.Request.Requester
	onlyEntry := func(f config.FieldChange) bool { return f.Path == config.PeoplePath && f.Field == "people["+who+"]" }
	if who == "" || len(c.Control) != 1 || !slices.ContainsFunc(c.Control, onlyEntry) {
		return false
	}
	head, ok := e.in.Head.PersonByEntra(who)
	if !ok {
		return false
	}
	base, had := e.in.Base.PersonByEntra(who)
	if !had {
		return (head.Slack == nil) != (head.GitHub == nil)
	}
	slack, github := differs(base.Slack, head.Slack), differs(base.GitHub, head.GitHub)
	kept := (head.Slack != nil || base.Slack == nil) && (head.GitHub != nil || base.GitHub == nil)
	return base.Email == head.Email && slack != github && kept
}

// differs compares what two pointers point to.
func differs[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a != b
	}
	return *a != *b
}
