package importer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/permset"
)

// sets writes the files of permission sets, if they are wanted.
func (b *builder) sets() error {
	if !b.opts.PermissionSets {
		return nil
	}
	sets := slices.SortedFunc(slices.Values(b.snap.Sets), func(x, y Set) int { return strings.Compare(x.Name, y.Name) })
	for _, s := range sets {
		if b.base.PermissionSets[s.Name] == nil {
			b.newSet(s)
		}
	}
	return nil
}

func (b *builder) newSet(s Set) {
	data, left, why := b.setFile(s)
	if why != "" {
		b.tell(Finding{Code: CodeSet, Subject: s.Name,
			Text: fmt.Sprintf("the permission set %s gets no file: %s", shown(s.Name), why),
			Mend: "it can be granted by its name without one"})
		return
	}
	if n := len(s.Live.Outdated); n > 0 {
		b.tell(Finding{Code: CodeSetOutdated, Person: true, Subject: s.Name,
			Text: fmt.Sprintf("the permission set %s gets no file: %d account(s) do not have the last change that somebody made to it in AWS, and a file in force would bring it there", s.Name, n),
			Mend: "provision it there in AWS, or take the change back, and import again; it can be granted by its name meanwhile"})
		return
	}
	b.write(setsDir+s.Name+".yaml", data)
	if len(left) > 0 {
		b.tell(Finding{Code: CodeSetParts, Subject: s.Name,
			Text: fmt.Sprintf("the file of the permission set %s is silent on what the config language cannot say: %s", s.Name, some(left)),
			Mend: "the bot leaves that in AWS as it is"})
	}
}

// setFile makes the file of a set, with what it is silent on, or says why there
// is none.
func (b *builder) setFile(s Set) (data []byte, left []string, why string) {
	if why := b.unwritable(s); why != "" {
		return nil, nil, why
	}
	p, left := declared(s.Live.Definition)
	data, err := config.WritePermissionSet(p)
	if err != nil {
		return nil, nil, cause(err)
	}
	// The promise of an import: the file asks for no change of the set. Accounts
	// that have not its latest form are told apart.
	if r := permset.Diff(permset.Input{Want: permset.Of(&p), Live: &permset.Live{Definition: s.Live.Definition}, Pending: true}); !r.Empty() {
		return nil, nil, "a file could not say what it has now"
	}
	return data, left, ""
}

// declared is the definition as a file has it, and what it leaves out: a file
// that has no description, or not a tag, lets both stand in AWS. Nothing else
// may be left out, since a file declares the whole of it.
func declared(d permset.Definition) (config.PermissionSet, []string) {
	p := config.PermissionSet{
		Name: d.Name, Description: d.Description, SessionDuration: d.Session, RelayState: d.RelayState,
		ManagedPolicies: d.Managed, CustomerManagedPolicies: d.Customer, InlinePolicy: d.Inline, Boundary: d.Boundary,
	}
	var left []string
	if d.Description != "" && config.CheckSetDescription(d.Description) != nil {
		p.Description, left = "", append(left, "its description")
	}
	tags, strange := writableTags(d.Tags)
	p.Tags = tags
	return p, append(left, strange...)
}

// writableTags parts the tags that a file can have from the others. Those of AWS
// itself, such as CloudFormation's, nobody may write, and they are not
// mentioned.
func writableTags(tags map[string]string) (map[string]string, []string) {
	out, folded := map[string]string{}, map[string]bool{}
	var left []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		fold := strings.ToLower(strings.ToUpper(k))
		switch {
		case strings.HasPrefix(fold, "aws:"):
		case config.CheckTag(k, tags[k]) != nil || folded[fold]:
			left = append(left, "the tag "+shown(k))
		default:
			out[k], folded[fold] = tags[k], true
		}
	}
	return out, left
}

// cause says in one line why a file cannot be written. Where in the file is of
// no use, since there is none.
func cause(err error) string {
	var problems config.Problems
	if errors.As(err, &problems) && len(problems) > 0 {
		return "a file cannot say what it has: " + problems[0].Message
	}
	return firstLine(err)
}

// unwritable says why a set gets no file, whatever it consists of.
func (b *builder) unwritable(s Set) string {
	if err := config.CheckPermissionSetName(s.Name); err != nil {
		return err.Error()
	}
	if s.Live == nil {
		return "it was not read"
	}
	if s.Live.Name != s.Name {
		return "what was read is another set, " + shown(s.Live.Name)
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
	if b.inManagement(s) {
		return "it is used in the management account, so a delegated administrator cannot change it"
	}
	return ""
}

func (b *builder) inManagement(s Set) bool {
	id := b.snap.Organization.Management
	return slices.Contains(s.Live.Accounts, id) || slices.ContainsFunc(b.snap.Assignments, func(a Assignment) bool {
		return a.Account == id && a.PermissionSet == s.Name
	})
}
