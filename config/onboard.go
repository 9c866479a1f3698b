package config

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// ErrOnboarded says that the repo has the account as sso and with its baseline.
var ErrOnboarded = errors.New("the account is in the config repo, with its baseline")

// OnboardStep says what brings an account in, as the repo stands.
type OnboardStep string

// The steps. Fields of a file that exists are control plane and are not changed
// together with grants, so a legacy account takes two pull requests.
const (
	OnboardNew      OnboardStep = "new"      // a new file, with its baseline
	OnboardStage    OnboardStep = "stage"    // legacy becomes sso
	OnboardBaseline OnboardStep = "baseline" // what an sso file lacks of the baseline
	OnboardNothing  OnboardStep = ""
)

// OnboardStep returns what brings the account with an id in.
func (r *Repo) OnboardStep(id string) OnboardStep {
	a, ok := r.AccountByID(id)
	switch {
	case !ok:
		return OnboardNew
	case a.Stage == StageLegacy:
		return OnboardStage
	case len(r.lacksBaseline(a.Slug)) > 0:
		return OnboardBaseline
	default:
		return OnboardNothing
	}
}

// Baseline returns the assignments that onboarding gives to an account, in the
// order of aws-access.yaml.
func (r *Repo) Baseline(account string) []Assignment {
	var out []Assignment
	for _, b := range r.Access.Onboarding.Baseline {
		if g, ok := r.Groups[b.Group]; ok {
			out = append(out, Assignment{g.Principal, account, b.PermissionSet})
		}
	}
	return out
}

// lacksBaseline returns the entries of the baseline that no standing line of the
// group's file gives to an account by its slug.
func (r *Repo) lacksBaseline(slug string) []ProtectedGrant {
	var out []ProtectedGrant
	for _, b := range r.Access.Onboarding.Baseline {
		g, ok := r.Groups[b.Group]
		has := ok && slices.ContainsFunc(g.Access, func(x Grant) bool {
			return x.Account == slug && x.PermissionSet == b.PermissionSet && x.Term().Standing
		})
		if ok && !has {
			out = append(out, b)
		}
	}
	return out
}

// Onboard returns the files that change when an account is brought in, by path:
// for [OnboardNew] its file and the standing lines of the baseline in the files
// of its groups, for the other steps what that step is. content returns a file
// of the repo. The slug of a, if it is empty or taken, is made from its name.
// All bytes that an edit is not about stay.
func (r *Repo) Onboard(content func(path string) []byte, a Account) (map[string][]byte, error) {
	out := map[string][]byte{}
	switch r.OnboardStep(a.ID) {
	case OnboardNothing:
		return nil, fmt.Errorf("onboard %s: %w", a.ID, ErrOnboarded)
	case OnboardStage:
		had, _ := r.AccountByID(a.ID)
		path := accountPath(had.Slug)
		data, err := SetStage(content(path), StageSSO)
		if err != nil {
			return nil, fmt.Errorf("onboard %s: %s: %w", a.ID, path, err)
		}
		out[path] = data
		return out, nil
	case OnboardBaseline:
		had, _ := r.AccountByID(a.ID)
		a.Slug = had.Slug
	default:
		a.Stage, a.Slug = StageSSO, r.freeSlug(a)
		data, err := WriteAccount(a)
		if err != nil {
			return nil, fmt.Errorf("onboard %s: %w", a.ID, err)
		}
		out[accountPath(a.Slug)] = data
	}
	return out, r.addBaseline(out, content, a.Slug)
}

// AccountPath returns the path of the file of an account.
func AccountPath(slug string) string { return accountPath(slug) }

// freeSlug returns the slug for a new file of an account.
func (r *Repo) freeSlug(a Account) string {
	taken := func(s string) bool { return r.Accounts[s] != nil }
	if isSlug(a.Slug) && !taken(a.Slug) {
		return a.Slug
	}
	return SlugFor(a.Name, a.ID, taken)
}

// addBaseline writes the lines that an account lacks into the files of their
// groups.
func (r *Repo) addBaseline(out map[string][]byte, content func(path string) []byte, slug string) error {
	for _, b := range r.lacksBaseline(slug) {
		g := r.Groups[b.Group]
		data, ok := out[g.Path()]
		if !ok {
			data = content(g.Path())
		}
		data, err := AddGrant(data, GroupPrincipal, Header{ID: g.Principal.ID, Name: g.Name}, Grant{Account: slug, PermissionSet: b.PermissionSet})
		if err != nil {
			return fmt.Errorf("baseline of %s in %s: %w", slug, g.Path(), err)
		}
		out[g.Path()] = data
	}
	return nil
}

// SetStage returns the content of an account file with another stage. All other
// bytes stay. The error is [Problems] if the content is at fault.
func SetStage(content []byte, stage Stage) ([]byte, error) {
	before, err := readWritten(editedFile, accountKind, content)
	if err != nil {
		return nil, fmt.Errorf("set the stage: %w", err)
	}
	f := openFile(editedFile, content)
	node := valueOf(f.root, "stage")
	if node == nil {
		return nil, errors.New("set the stage: the file has none") // unreachable: it is required
	}
	e := &editor{source: f.source, root: f.root}
	from := e.start(node)
	to, _ := e.scalarEnd(node)
	out := slices.Concat(content[:from], []byte(stage), content[to:])
	after, err := readWritten(editedFile, accountKind, out)
	if err != nil {
		return nil, fmt.Errorf("set the stage: %w", err)
	}
	want := *before.account
	want.Stage, want.Pos, want.StagePos = stage, after.account.Pos, after.account.StagePos
	return written(editedFile, out, want.same(after.account))
}

// valueOf returns the value of a key of a mapping, nil when it has none.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// Asking returns the rule by which requesters of onboardings are judged: its
// requesters and nothing else.
func (o Onboarding) Asking() *Rule {
	return &Rule{Name: "onboarding", Requesters: o.Requesters}
}
