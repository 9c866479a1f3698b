package githubemu

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// Repo is a repository of the organization. Its exported methods are how
// people play; they are safe for concurrent use, act as the person whose
// login they are given, and return an [*Error] where GitHub would refuse.
// The unexported ones expect the server's lock to be held.
type Repo struct {
	s       *Server
	id      int64
	owner   string
	name    string
	main    string // the default branch
	created time.Time
	set     RepoSettings
	// archived repositories can be read only; public ones by everybody.
	archived, public bool

	git  *gitobj.Store
	refs map[string]gitobj.ID // full names; of forks "refs/forks/<owner>/<branch>"

	userRoles   map[int64]string
	pulls       []*pull
	labels      []*label
	checks      []*checkRun
	statuses    []*commitStatus
	activity    []activity
	rulesets    []*Ruleset
	queues      []*mergeQueue
	protections map[string]*Protection
}

// RepoSettings are the merge settings of a repository.
type RepoSettings struct {
	NoMerge, NoSquash, NoRebase bool // forbid a merge method
	DeleteBranchOnMerge         bool
}

// RepoSpec describes a new repository.
type RepoSpec struct {
	Name string
	// ID is its number; zero lets the emulator choose.
	ID int64
	// Owner is the organization when empty.
	Owner string
	// Branch is the default branch ("main" when empty).
	Branch string
	// Files are the content of its first commit, by path.
	Files map[string]string
	// Author is the login of who makes that commit; GitHub when empty.
	Author   string
	Settings RepoSettings
}

// AddRepo makes a repository with one commit. It has no rulesets: see
// [Repo.PutRuleset] and [AccessRulesets].
func (s *Server) AddRepo(spec RepoSpec) (*Repo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if spec.Owner == "" {
		spec.Owner = s.opt.Org
	}
	if spec.Branch == "" {
		spec.Branch = "main"
	}
	if spec.Name == "" || s.findRepo(spec.Owner, spec.Name) != nil {
		return nil, fmt.Errorf("add repository %q: the name is empty or taken", spec.Name)
	}
	if spec.ID == 0 {
		spec.ID = s.id()
	}
	r := &Repo{
		s: s, id: spec.ID, owner: spec.Owner, name: spec.Name, main: spec.Branch, created: s.now(), set: spec.Settings,
		git: gitobj.NewStore(), refs: map[string]gitobj.ID{}, userRoles: map[int64]string{}, protections: map[string]*Protection{},
	}
	changes := map[string]*gitobj.Node{}
	for path, text := range spec.Files {
		changes[path] = &gitobj.Node{Mode: gitobj.File, ID: r.git.PutBlob([]byte(text))}
	}
	tree, err := r.git.Update("", changes)
	if err != nil {
		return nil, fmt.Errorf("add repository %q: %w", spec.Name, err)
	}
	by := r.signature(s.user(spec.Author))
	head, err := r.git.PutCommit(gitobj.Commit{Tree: tree, Author: by, Committer: by, Message: "Initial commit"})
	if err != nil {
		return nil, fmt.Errorf("add repository %q: %w", spec.Name, err)
	}
	r.refs["refs/heads/"+r.main] = head
	s.repos = append(s.repos, r)
	delete(s.moved, strings.ToLower(r.full())) // the name leads to this one now
	return r, nil
}

// Repo returns a repository of the organization by name, or nil.
func (s *Server) Repo(name string) *Repo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.findRepo(s.opt.Org, name)
}

func (s *Server) findRepo(owner, name string) *Repo {
	i := slices.IndexFunc(s.repos, func(r *Repo) bool {
		return strings.EqualFold(r.owner, owner) && strings.EqualFold(r.name, name)
	})
	if i < 0 {
		return nil
	}
	return s.repos[i]
}

// ID returns the repository's number.
func (r *Repo) ID() int64 { return r.id }

// FullName returns "owner/name", as they are now.
func (r *Repo) FullName() string {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.full()
}

// DefaultBranch returns the name of the default branch.
func (r *Repo) DefaultBranch() string { return r.main }

// SetRole gives a person a role in the repository: admin, maintain, write,
// triage, read or none.
func (r *Repo) SetRole(login, role string) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	u := r.s.user(login)
	if u == nil || !slices.Contains(roles(), role) {
		return fmt.Errorf("set role of %q in %q to %q: no such user or role", login, r.name, role)
	}
	r.userRoles[u.ID] = role
	return nil
}

// role is what a person may do; owners of the organization are admins.
func (r *Repo) role(u *User) string {
	if r.s.orgRoles[u.ID] == "admin" && r.owner == r.s.opt.Org {
		return "admin"
	}
	if role := r.userRoles[u.ID]; role != "" && role != "none" {
		return role
	}
	if r.public {
		return "read"
	}
	return "none"
}

// collaborates reports whether a person was given access, or has it as an
// owner of the organization; that everybody may read is not enough.
func (r *Repo) collaborates(u *User) bool {
	return atLeast(r.userRoles[u.ID], "read") || (r.s.orgRoles[u.ID] == "admin" && r.owner == r.s.opt.Org)
}

// visible reports whether the caller may know that the repository exists.
func (r *Repo) visible(who identity) bool {
	if who.person() {
		return atLeast(r.role(who.user), "read")
	}
	if !who.app.active() || r.owner != r.s.opt.Org || (who.app.Repositories != nil && !slices.Contains(who.app.Repositories, r.name)) {
		return false
	}
	return who.repos == nil || slices.Contains(who.repos, r.id)
}

func (r *Repo) full() string { return r.owner + "/" + r.name }

func (r *Repo) api(format string, args ...any) string {
	return r.s.api("/repos/%s", r.full()) + fmt.Sprintf(format, args...)
}

func (r *Repo) web(format string, args ...any) string {
	return r.s.web("/%s", r.full()) + fmt.Sprintf(format, args...)
}

// signature is how a user signs commits made on github.com; nil is GitHub
// itself, which commits merges and edits made in the browser.
func (r *Repo) signature(u *User) gitobj.Signature {
	if u == nil {
		return gitobj.Signature{Name: "GitHub", Email: "noreply@github.com", When: r.s.now()}
	}
	name, email := u.Name, u.Email
	if name == "" {
		name = u.Login
	}
	if email == "" {
		email = fmt.Sprintf("%d+%s@users.noreply.github.com", u.ID, u.Login)
	}
	return gitobj.Signature{Name: name, Email: email, When: r.s.now()}
}

// head returns the commit at the head of the default branch.
func (r *Repo) head() gitobj.ID { return r.refs["refs/heads/"+r.main] }

// resolve finds a commit by id, branch or full ref.
func (r *Repo) resolve(name string) (gitobj.ID, bool) {
	if id := gitobj.ID(strings.ToLower(name)); id.Valid() {
		return id, r.git.Has(id) == "commit"
	}
	for _, prefix := range []string{"", "refs/", "refs/heads/", "refs/tags/"} {
		if id, ok := r.refs[prefix+name]; ok && !strings.HasPrefix(prefix+name, "refs/forks/") {
			return id, true
		}
	}
	if name == "HEAD" {
		return r.head(), true
	}
	return "", false
}

// tree returns the tree of a commit that is known to exist.
func (r *Repo) tree(id gitobj.ID) gitobj.ID {
	c, err := r.git.Commit(id)
	if err != nil {
		return "" // unreachable: the callers resolved it
	}
	return c.Tree
}
