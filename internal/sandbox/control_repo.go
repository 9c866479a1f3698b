package sandbox

import (
	"net/http"

	"aws-access-bot/internal/sandbox/githubemu"
)

// queueIn switches the merge queue of the default branch; without parameters
// it has GitHub's defaults.
type queueIn struct {
	On         bool                   `json:"on"`
	Parameters *githubemu.QueueParams `json:"parameters"`
}

// repoIn changes the config repo: what is left out stays.
type repoIn struct {
	Name     string `json:"name"`
	Owner    string `json:"owner"`
	Archived *bool  `json:"archived"`
	Public   *bool  `json:"public"`
}

// appIn changes the App's installation. Do is suspend, unsuspend, uninstall,
// install, or select with names of repositories (none: all).
type appIn struct {
	Do           string   `json:"do"`
	Repositories []string `json:"repositories"`
}

type enqueueIn struct {
	Pull int  `json:"pull"`
	Jump bool `json:"jump"`
}

// controlRepository has the merge queue, and what owners of the organization
// do to the repository and to the App.
func (s *Sandbox) controlRepository(mux *http.ServeMux) {
	const as = "POST /sandbox/as/{person}/github/"
	repo, hub := s.world.config, s.world.github
	mux.HandleFunc(as+"enqueue", onGitHub(s, func(login string, in enqueueIn) (any, error) {
		return done, repo.Enqueue(login, in.Pull, in.Jump)
	}))
	mux.HandleFunc(as+"dequeue", onGitHub(s, func(login string, in pullIn) (any, error) { return done, repo.Dequeue(login, in.Pull) }))
	mux.HandleFunc("POST /sandbox/github/queue", act(s, func(_ *http.Request, in queueIn) (any, error) {
		if !in.On {
			return done, repo.SetMergeQueue(nil)
		}
		params := githubemu.DefaultQueue()
		if in.Parameters != nil {
			params = *in.Parameters
		}
		return done, repo.SetMergeQueue(&params)
	}))
	mux.HandleFunc("POST /sandbox/github/repository", act(s, func(_ *http.Request, in repoIn) (any, error) {
		return done, changeRepository(repo, in)
	}))
	mux.HandleFunc("POST /sandbox/github/app", act(s, func(_ *http.Request, in appIn) (any, error) { return changeApp(hub, in) }))
	mux.HandleFunc("POST /sandbox/github/outside", act(s, func(_ *http.Request, in memberIn) (any, error) {
		p, ok := s.world.person(in.Person)
		if !ok || p.GitHub == "" {
			return nil, refuse(http.StatusNotFound, "nobody called %q is on GitHub", in.Person)
		}
		if err := hub.SetOrgRole(p.GitHub, ""); err != nil {
			return nil, err
		}
		return done, repo.AddOutsideCollaborator(p.GitHub, in.Role)
	}))
}

func changeRepository(repo *githubemu.Repo, in repoIn) error {
	if in.Name != "" {
		if err := repo.Rename(in.Name); err != nil {
			return err
		}
	}
	if in.Owner != "" {
		if err := repo.Transfer(in.Owner); err != nil {
			return err
		}
	}
	if in.Archived != nil {
		repo.Archive(*in.Archived)
	}
	if in.Public != nil {
		repo.SetPublic(*in.Public)
	}
	return nil
}

func changeApp(hub *githubemu.Server, in appIn) (any, error) {
	switch in.Do {
	case "suspend", "unsuspend":
		return done, hub.Suspend(0, in.Do == "suspend")
	case "uninstall":
		return done, hub.Uninstall(0)
	case "install":
		id, err := hub.Install(0)
		return map[string]int64{"installation": id}, err
	case "select":
		return done, hub.SelectRepositories(0, in.Repositories)
	}
	return nil, refuse(http.StatusBadRequest, "do is suspend, unsuspend, uninstall, install or select, not %q", in.Do)
}
