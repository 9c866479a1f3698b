package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/config"
)

// sets writes the files of permission sets, if they are wanted.
func (b *builder) sets() error {
	if !b.opts.PermissionSets {
		return nil
	}
	sets := slices.SortedFunc(slices.Values(b.snap.Sets), func(x, y Set) int { return strings.Compare(x.Name, y.Name) })
	for _, s := range sets {
		if b.base.PermissionSets[s.Name] != nil {
			continue
		}
		if err := b.newSet(s); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) newSet(s Set) error {
	why := b.unwritable(s)
	session, ok := parseSession(s.Content)
	if why == "" && !ok {
		why = "its session length is not of whole minutes between one and twelve hours"
	}
	var data []byte
	if why == "" {
		var err error
		data, err = config.WritePermissionSet(config.PermissionSet{
			Name: s.Name, Description: s.Content.Description, SessionDuration: session, ManagedPolicies: slices.Sorted(slices.Values(s.Content.Managed)),
		})
		if err != nil {
			why = firstLine(err)
		}
	}
	if why != "" {
		b.tell(Finding{Code: CodeSet, Subject: s.Name,
			Text: fmt.Sprintf("the permission set %s gets no file: %s", shown(s.Name), why),
			Mend: "it can be granted by its name without one"})
		return nil
	}
	b.write(setsDir+s.Name+".yaml", data)
	return nil
}

// unwritable says what a set has that a file cannot say. A file that says less
// would take the rest away.
func (b *builder) unwritable(s Set) string {
	if err := config.CheckPermissionSetName(s.Name); err != nil {
		return err.Error()
	}
	c := s.Content
	if c == nil {
		return "it was not read"
	}
	for fold := range b.base.PermissionSets {
		if strings.EqualFold(fold, s.Name) {
			return "its name differs only in case from " + fold
		}
	}
	for p := range b.fresh {
		if strings.EqualFold(p, setsDir+s.Name+".yaml") {
			return "its name differs only in case from another"
		}
	}
	var has []string
	for what, there := range map[string]bool{
		"customer-managed policies": c.CustomerManaged > 0, "an inline policy": c.Inline, "a permissions boundary": c.Boundary,
		"a relay state": c.RelayState != "", "tags": c.Tags > 0,
	} {
		if there {
			has = append(has, what)
		}
	}
	slices.Sort(has)
	switch {
	case len(has) > 0:
		return "a file cannot say that it has " + strings.Join(has, ", ")
	case len(c.Managed) == 0:
		return "it has no AWS managed policy"
	}
	for _, a := range b.snap.Assignments {
		if a.Account == b.snap.Organization.Management && a.PermissionSet == s.Name {
			return "it is used in the management account, so a delegated administrator cannot change it"
		}
	}
	return ""
}

// session is the form in which Identity Center writes session lengths.
var session = regexp.MustCompile(`^PT(?:([0-9]{1,2})H)?(?:([0-9]{1,3})M)?$`)

// parseSession reads an ISO 8601 duration of hours and minutes.
func parseSession(c *SetContent) (time.Duration, bool) {
	if c == nil {
		return 0, false
	}
	m := session.FindStringSubmatch(c.Session)
	if m == nil {
		return 0, false
	}
	h, _ := strconv.Atoi(m[1]) // empty is none
	minutes, _ := strconv.Atoi(m[2])
	d := time.Duration(h)*time.Hour + time.Duration(minutes)*time.Minute
	return d, d >= time.Hour && d <= 12*time.Hour
}
