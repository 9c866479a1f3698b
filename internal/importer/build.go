package importer

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"aws-access-bot/config"
)

// Options say what cannot be seen in AWS.
type Options struct {
	// ControlPlane approves everything until rules are written, and owns the
	// accounts. It is needed where there is no aws-access.yaml; otherwise that
	// file's is taken.
	ControlPlane []config.ApproverRef
	// People and Teams are written where there is no people.yaml.
	People []config.Person
	Teams  map[string]config.Team
	// EntraApp is the object id of the enterprise application, needed where
	// there is no aws-access.yaml.
	EntraApp string
	// StartURL is the address of the portal, "" for AWS's own of the instance.
	StartURL string
	// PermissionSets writes files of permission sets too.
	PermissionSets bool
	// UsersUntil is the end of what users have themselves; zero leaves it out.
	UsersUntil time.Time
	// Now decides which grants have ended.
	Now time.Time
}

// File is one file to write. Old is what is there, nil for a new file.
type File struct {
	Path string
	Old  []byte
	New  []byte
}

// Result is what an import comes to.
type Result struct {
	// Files are in an order in which every part of them can be completed by
	// another import: nothing is written before what it refers to.
	Files    []File
	Findings []Finding
	// EntraApp is the enterprise application that the repo names.
	EntraApp string
	// Counts of the repo as it will be.
	Accounts, Groups, Users, Assignments int
}

// MissingError is an option that is needed. Its text names the flag.
type MissingError struct{ Text string }

// Error implements error.
func (e *MissingError) Error() string { return e.Text }

// ForeignError is a repo of another organization.
type ForeignError struct{ Text string }

// Error implements error.
func (e *ForeignError) Error() string { return e.Text }

// Build makes the files that complete the repo in fsys, and says what it
// leaves out. The repo may be empty. The error is [config.Problems] where what
// is there is not valid, a [MissingError], a [ForeignError], or that of reading.
func Build(s Snapshot, fsys fs.FS, o Options) (Result, error) {
	b := newBuilder(s, fsys, o)
	for _, step := range []func() error{s.valid, b.frame, b.sameOrganization, b.principals, b.accounts, b.sets, b.grants, b.check} {
		if err := step(); err != nil {
			return Result{}, err
		}
	}
	return b.result()
}

// builder makes one result.
type builder struct {
	snap  Snapshot
	opts  Options
	tree  *overlay
	cache config.Cache
	// base is the repo that is there, with the two files that every repo has;
	// it stays as it is. repo grows.
	base, repo *config.Repo
	files      []File
	fresh      map[string]bool // paths of new files
	findings   []Finding

	// What the steps find out.
	who     map[string]*principal      // by identity store id
	live    map[config.Assignment]bool // of principals with an Entra id
	members map[string]Account         // by id
	entered map[string]int             // how many assignments each account has
	legacy  []string                   // new accounts that nobody enters
	skipped map[string]int             // of those, which are not written for the account's sake
}

func newBuilder(s Snapshot, fsys fs.FS, o Options) *builder {
	return &builder{snap: s, opts: o, tree: newOverlay(fsys), fresh: map[string]bool{}}
}

func (b *builder) tell(f Finding) { b.findings = append(b.findings, f) }

// write notes a new file.
func (b *builder) write(p string, data []byte) {
	b.files, b.fresh[p] = append(b.files, File{Path: p, New: data}), true
	b.tree.put(p, data)
}

// change notes a file with other content.
func (b *builder) change(p string, old, data []byte) {
	b.files = append(b.files, File{Path: p, Old: old, New: data})
	b.tree.put(p, data)
}

// withdraw takes a new file back.
func (b *builder) withdraw(p string) {
	b.files = slices.DeleteFunc(b.files, func(f File) bool { return f.Path == p })
	delete(b.fresh, p)
	b.tree.drop(p)
}

// reload reads the repo as it is by now.
func (b *builder) reload() error {
	repo, err := b.cache.Load(b.tree)
	if err != nil {
		return err
	}
	b.repo = repo
	return nil
}

// check holds the promise of the package.
func (b *builder) check() error {
	if err := b.reload(); err != nil {
		return fmt.Errorf("what would be written is not a valid config repo, so nothing is: %w", wrongOwn(err))
	}
	if problems := config.CheckTransition(b.base, b.repo); len(problems) > 0 {
		return fmt.Errorf("what would be written may not follow what is there, so nothing is: %w", wrongOwn(problems))
	}
	before := b.absent(b.base)
	for _, a := range sortedKeys(b.absent(b.repo), config.Assignment.Compare) {
		if !before[a] {
			return fmt.Errorf("what would be written grants %s, which is not live, so nothing is written", a)
		}
	}
	return nil
}

// wrongOwn hides that an error is about the content of a repo: here it is not
// that of the caller.
func wrongOwn(err error) error { return errors.New(err.Error()) }

// absent returns what a repo desires that is not live. Every grant is taken to
// have begun now.
func (b *builder) absent(r *config.Repo) map[config.Assignment]bool {
	out := map[config.Assignment]bool{}
	for _, d := range r.Desired(allBegun(r, b.opts.Now), b.opts.Now) {
		if !b.live[d.Assignment] {
			out[d.Assignment] = true
		}
	}
	return out
}

// allBegun has every grant of a repo begin at a time.
func allBegun(r *config.Repo, at time.Time) config.Starts {
	starts := config.Starts{}
	for _, g := range r.Grants() {
		starts[g.Key] = config.Start{MergedAt: at}
	}
	return starts
}

func (b *builder) result() (Result, error) {
	slices.SortStableFunc(b.files, func(x, y File) int { return rank(x.Path) - rank(y.Path) })
	sortFindings(b.findings)
	r := Result{Files: b.files, Findings: b.findings, EntraApp: b.repo.Access.EntraApp, Accounts: len(b.repo.Accounts), Groups: len(b.repo.Groups), Users: len(b.repo.Users)}
	r.Assignments = len(b.repo.Desired(allBegun(b.repo, b.opts.Now), b.opts.Now))
	return r, nil
}
