package githubemu

// SetSettings changes the merge settings, as an administrator does.
func (r *Repo) SetSettings(set RepoSettings) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.set = set
}
