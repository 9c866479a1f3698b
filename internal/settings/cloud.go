package settings

// LoadCloud reads the settings file at path as far as AWS and Entra go, for
// commands that speak to nobody else: what it says of the others is read and
// not judged, and may be missing. Entra may be missing as a whole; then its
// Tenant is "". Problems are those of [Load].
func LoadCloud(path string, getenv func(string) string) (*Settings, error) {
	f, c, err := read(path, getenv)
	if err != nil {
		return nil, err
	}
	s := &Settings{CAFile: c.path(f.CAFile), PrivateHosts: c.hosts("private_hosts", f.PrivateHosts), AWS: f.AWS.settings(c)}
	if f.Entra != (fileEntra{}) {
		s.Entra = f.Entra.settings(c)
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return s, nil
}
