package sandbox

import (
	"net/http"
	"strconv"

	"aws-access-bot/internal/sandbox/githubemu"
)

// onGitHub is a handler that plays a person on GitHub.
func onGitHub[T any](s *Sandbox, do func(login string, in T) (any, error)) http.HandlerFunc {
	return act(s, func(r *http.Request, in T) (any, error) {
		p, err := s.played(r)
		if err != nil {
			return nil, err
		}
		if p.GitHub == "" {
			return nil, refuse(http.StatusUnprocessableEntity, "%s is not on GitHub", p.Key)
		}
		return do(p.GitHub, in)
	})
}

type reviewIn struct {
	Pull   int    `json:"pull"`
	Event  string `json:"event"`
	Body   string `json:"body"`
	Commit string `json:"commit"`
}

type dismissIn struct {
	Pull    int    `json:"pull"`
	Review  int64  `json:"review"`
	Message string `json:"message"`
}

type mergeIn struct {
	Pull        int    `json:"pull"`
	Method      string `json:"method"`
	SHA         string `json:"sha"`
	Title       string `json:"title"`
	Message     string `json:"message"`
	IgnoreRules bool   `json:"ignore_rules"`
}

type pullIn struct {
	Pull int    `json:"pull"`
	Body string `json:"body"`
}

type newPullIn struct {
	Head  string `json:"head"`
	Base  string `json:"base"`
	Title string `json:"title"`
	Body  string `json:"body"`
	Draft bool   `json:"draft"`
}

type editPullIn struct {
	Pull  int     `json:"pull"`
	Title *string `json:"title"`
	Body  *string `json:"body"`
	Base  *string `json:"base"`
	State *string `json:"state"`
}

// pushIn is a commit. Files are contents by path, Modes the modes of those that
// are not plain files, Delete the paths that go.
type pushIn struct {
	Branch      string            `json:"branch"`
	Files       map[string]string `json:"files"`
	Modes       map[string]string `json:"modes"`
	Delete      []string          `json:"delete"`
	Message     string            `json:"message"`
	Base        string            `json:"base"`
	Author      string            `json:"author"`
	Force       bool              `json:"force"`
	Fork        bool              `json:"fork"`
	IgnoreRules bool              `json:"ignore_rules"`
}

func (in pushIn) changes() map[string]*githubemu.File {
	out := map[string]*githubemu.File{}
	for path, text := range in.Files {
		out[path] = &githubemu.File{Content: text, Mode: in.Modes[path]}
	}
	for _, path := range in.Delete {
		out[path] = nil
	}
	return out
}

type forcePushIn struct {
	Branch      string `json:"branch"`
	SHA         string `json:"sha"`
	IgnoreRules bool   `json:"ignore_rules"`
}

// commitIn stores a commit of any shape without putting it on a branch.
type commitIn struct {
	Parents []string          `json:"parents"`
	From    string            `json:"from"`
	Files   map[string]string `json:"files"`
	Modes   map[string]string `json:"modes"`
	Delete  []string          `json:"delete"`
	Message string            `json:"message"`
}

func sha(id string, err error) (any, error) { return map[string]string{"sha": id}, err }

func (s *Sandbox) controlGitHub(mux *http.ServeMux) {
	const as = "POST /sandbox/as/{person}/github/"
	repo := s.world.config
	mux.HandleFunc(as+"review", onGitHub(s, func(login string, in reviewIn) (any, error) {
		id, err := repo.Review(login, in.Pull, in.Event, in.Body, in.Commit)
		return map[string]int64{"review": id}, err
	}))
	mux.HandleFunc(as+"dismiss", onGitHub(s, func(login string, in dismissIn) (any, error) {
		return done, repo.DismissReview(login, in.Pull, in.Review, in.Message)
	}))
	mux.HandleFunc(as+"merge", onGitHub(s, func(login string, in mergeIn) (any, error) {
		return sha(repo.Merge(login, in.Pull, githubemu.MergeSpec{
			Method: in.Method, SHA: in.SHA, Title: in.Title, Message: in.Message, IgnoreRules: in.IgnoreRules,
		}))
	}))
	mux.HandleFunc(as+"close", onGitHub(s, func(login string, in pullIn) (any, error) { return done, repo.ClosePull(login, in.Pull) }))
	mux.HandleFunc(as+"reopen", onGitHub(s, func(login string, in pullIn) (any, error) { return done, repo.ReopenPull(login, in.Pull) }))
	mux.HandleFunc(as+"comment", onGitHub(s, func(login string, in pullIn) (any, error) {
		return done, repo.Comment(login, in.Pull, in.Body)
	}))
	mux.HandleFunc(as+"update-branch", onGitHub(s, func(login string, in pullIn) (any, error) {
		return done, repo.UpdateBranch(login, in.Pull)
	}))
	mux.HandleFunc(as+"pull", onGitHub(s, func(login string, in newPullIn) (any, error) {
		n, err := repo.CreatePull(login, githubemu.PullSpec(in))
		return map[string]int{"pull": n}, err
	}))
	mux.HandleFunc(as+"edit", onGitHub(s, func(login string, in editPullIn) (any, error) {
		return done, repo.EditPull(login, in.Pull, in.Title, in.Body, in.Base, in.State)
	}))
	mux.HandleFunc(as+"push", onGitHub(s, s.push))
	mux.HandleFunc(as+"direct-push", onGitHub(s, func(login string, in pushIn) (any, error) {
		return sha(repo.DirectPush(login, in.changes(), in.Message))
	}))
	mux.HandleFunc(as+"force-push", onGitHub(s, func(login string, in forcePushIn) (any, error) {
		return done, repo.ForcePush(login, in.Branch, in.SHA, in.IgnoreRules)
	}))
	mux.HandleFunc(as+"commit", onGitHub(s, func(login string, in commitIn) (any, error) {
		files := pushIn{Files: in.Files, Modes: in.Modes, Delete: in.Delete}
		return sha(repo.CommitObject(githubemu.Commit{
			Parents: in.Parents, From: in.From, Changes: files.changes(), Message: in.Message, Author: login,
		}))
	}))
	s.controlOrganization(mux)
	s.controlRepository(mux)
}

func (s *Sandbox) push(login string, in pushIn) (any, error) {
	if in.Branch == "" {
		return nil, refuse(http.StatusBadRequest, "branch is missing")
	}
	author := in.Author
	if p, ok := s.world.person(author); ok {
		author = p.GitHub
	}
	return sha(s.world.config.Push(login, githubemu.Push{
		Branch: in.Branch, Changes: in.changes(), Message: in.Message, Parent: in.Base, Author: author,
		Force: in.Force, Fork: in.Fork, IgnoreRules: in.IgnoreRules,
	}))
}

// memberIn names a person by key, and a role; an empty role takes it away.
type memberIn struct {
	Person string `json:"person"`
	Role   string `json:"role"`
}

// controlOrganization has what owners of the organization do.
func (s *Sandbox) controlOrganization(mux *http.ServeMux) {
	hub := s.world.github
	login := func(key string) (string, error) {
		p, ok := s.world.person(key)
		if !ok || p.GitHub == "" {
			return "", refuse(http.StatusNotFound, "nobody called %q is on GitHub", key)
		}
		return p.GitHub, nil
	}
	mux.HandleFunc("POST /sandbox/github/teams/{team}/members", act(s, func(r *http.Request, in memberIn) (any, error) {
		who, err := login(in.Person)
		if err != nil {
			return nil, err
		}
		return done, hub.SetTeamMember(r.PathValue("team"), who, in.Role)
	}))
	mux.HandleFunc("POST /sandbox/github/roles", act(s, func(_ *http.Request, in memberIn) (any, error) {
		who, err := login(in.Person)
		if err != nil {
			return nil, err
		}
		if in.Role == "" {
			in.Role = "none"
		}
		return done, s.world.config.SetRole(who, in.Role)
	}))
	mux.HandleFunc("POST /sandbox/github/webhooks", act(s, func(_ *http.Request, in struct {
		Drop bool `json:"drop"`
	}) (any, error) {
		hub.DropWebhooks(in.Drop)
		return done, nil
	}))
	mux.HandleFunc("POST /sandbox/github/ping", act(s, func(*http.Request, struct{}) (any, error) {
		hub.Ping()
		return done, nil
	}))
}

func (s *Sandbox) getDiff(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		writeError(w, http.StatusBadRequest, "the number of the pull request is no number")
		return
	}
	diff, err := s.world.config.PullDiff(n)
	if err != nil {
		writeFailure(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"diff": diff})
}

func (s *Sandbox) getFiles(w http.ResponseWriter, r *http.Request) {
	files, err := s.world.config.Files(r.URL.Query().Get("ref"))
	if err != nil {
		writeFailure(w, err)
		return
	}
	out := map[string]string{}
	for path, f := range files {
		out[path] = f.Content
	}
	writeJSON(w, http.StatusOK, map[string]any{"files": out})
}
