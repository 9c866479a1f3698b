package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"aws-access-bot/internal/secret"

	"go.yaml.in/yaml/v3"
)

// Least lengths of secrets in bytes. A webhook or signing key below 32 can be
// searched for; a PEM block below 64 holds no key.
const (
	minKey = 32
	minPEM = 64
)

// maxFile is the largest settings or secret file read, in bytes.
const maxFile = 1 << 20

// Problems are all that is wrong with a settings file.
type Problems []string

// Error lists the problems, one per line.
func (p Problems) Error() string {
	return fmt.Sprintf("%d problem(s) in the settings:\n  %s", len(p), strings.Join(p, "\n  "))
}

// Load reads the settings file at path. Relative paths in it are taken from
// its folder. getenv looks up environment variables. What is wrong with the
// content comes back as [Problems], all at once.
func Load(path string, getenv func(string) string) (*Settings, error) {
	f, c, err := read(path, getenv)
	if err != nil {
		return nil, err
	}
	s := f.settings(c)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return s, nil
}

// read reads a settings file, with a checker for what it says.
func read(path string, getenv func(string) string) (*file, *checker, error) {
	data, err := readLimited(path)
	if err != nil {
		return nil, nil, fmt.Errorf("settings: %w", err)
	}
	f, c := &file{}, &checker{dir: filepath.Dir(path), getenv: getenv}
	if !c.decode(data, f) {
		return nil, nil, c.problems // what was not read cannot be judged
	}
	return f, c, nil
}

// readLimited reads a file that must not be larger than maxFile.
func readLimited(path string) ([]byte, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return data, nil
}

// checker collects problems while settings are built.
type checker struct {
	dir      string
	getenv   func(string) string
	problems Problems
}

func (c *checker) problem(key, what, mend string) {
	c.problems = append(c.problems, fmt.Sprintf("%s: %s; %s", key, what, mend))
}

// decode reads the file, and reports whether it was read far enough to be
// judged: unknown keys and values of the wrong kind leave the rest readable,
// keys given twice and broken YAML do not.
func (c *checker) decode(data []byte, f *file) bool {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var root yaml.Node
	if err := dec.Decode(&root); err != nil {
		c.yamlError(err)
		return false
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		c.problems = append(c.problems, "the file has more than one YAML document; keep one")
	}
	c.plain(&root)
	dec = yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(f); err != nil {
		c.yamlError(err)
		return !strings.Contains(err.Error(), "already defined")
	}
	return true
}

// plain refuses what makes a file read otherwise than it looks: anchors,
// aliases, merge keys and tags.
func (c *checker) plain(n *yaml.Node) {
	at := func(what string) {
		c.problems = append(c.problems, fmt.Sprintf("line %d: %s; write the value out", n.Line, what))
	}
	switch {
	case n.Anchor != "":
		at("an anchor (&" + n.Anchor + ") is not allowed")
	case n.Kind == yaml.AliasNode:
		at("an alias (*" + n.Value + ") is not allowed")
		return
	case n.Style&yaml.TaggedStyle != 0:
		at("a tag (" + n.Tag + ") is not allowed")
	}
	for _, child := range n.Content {
		c.plain(child)
	}
}

// shownValue is the value in an error of the YAML library. It may be a secret
// that somebody wrote where its place belongs.
var shownValue = regexp.MustCompile("(?s) `.*` into ")

func (c *checker) yamlError(err error) {
	var te *yaml.TypeError
	if errors.As(err, &te) {
		for _, e := range te.Errors {
			c.problems = append(c.problems, shownValue.ReplaceAllString(e, " into "))
		}
		return
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the file is empty")
	}
	c.problems = append(c.problems, err.Error())
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (c *checker) required(key, v string) string {
	if strings.TrimSpace(v) == "" {
		c.problem(key, "is missing", "set it")
	}
	return v
}

func (c *checker) positive(key string, v int64) int64 {
	if v <= 0 {
		c.problem(key, "is missing or not a positive number", "set the numeric id that GitHub shows")
	}
	return v
}

// path makes a relative path relative to the settings file.
func (c *checker) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

func (c *checker) address(key, v, otherwise string) string {
	v = or(v, otherwise)
	if _, _, err := net.SplitHostPort(v); err != nil {
		c.problem(key, fmt.Sprintf("%q is no host:port", v), "write e.g. 127.0.0.1:8080 or :8080")
	}
	return v
}

func (c *checker) duration(key, v string, otherwise, least time.Duration) time.Duration {
	if v == "" {
		return otherwise
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < least {
		c.problem(key, fmt.Sprintf("%q is no duration of at least %s", v, least), "write e.g. 3m")
	}
	return d
}

// url checks a base URL and gives it, or takes away, its trailing slash.
func (c *checker) url(key, v, otherwise string, slash bool) string {
	v = or(v, otherwise)
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		c.problem(key, fmt.Sprintf("%q is no plain http(s) URL", v), "write e.g. https://github.example.com/api/v3/")
		return v
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		c.problem(key, fmt.Sprintf("%q would send credentials in the clear", v), "use https; http is for loopback only")
	}
	v = strings.TrimRight(v, "/")
	if slash {
		v += "/"
	}
	return v
}

// hosts checks a list of host names. An address needs no entry: where it stands
// in a base URL it is what is meant.
func (c *checker) hosts(key string, list []string) []string {
	var out []string
	for i, h := range list {
		u, err := url.Parse("https://" + h)
		if err != nil || h == "" || u.Host != h || u.Hostname() != h || net.ParseIP(h) != nil || loopback(h) {
			c.problem(fmt.Sprintf("%s[%d]", key, i), fmt.Sprintf("%q is no host name", h), "write the host of a base URL without scheme and port, e.g. github.example.com")
			continue
		}
		out = append(out, strings.ToLower(h))
	}
	return out
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *checker) secrets(key string, refs []secretRef, least int) []secret.Value {
	if len(refs) == 0 {
		c.problem(key, "is empty", "name at least one secret by file or env")
	}
	var out []secret.Value
	for i, r := range refs {
		out = append(out, c.secret(fmt.Sprintf("%s[%d]", key, i), r, least))
	}
	return out
}

func (c *checker) optional(key string, r secretRef, least int) secret.Value {
	if r == (secretRef{}) {
		return secret.Value{}
	}
	return c.secret(key, r, least)
}

// secret reads one secret; errors never show any part of it.
func (c *checker) secret(key string, r secretRef, least int) secret.Value {
	var text string
	switch {
	case r.File != "" && r.Env != "":
		c.problem(key, "names both a file and an environment variable", "keep one")
		return secret.Value{}
	case r.File != "":
		data, err := readLimited(c.path(r.File))
		if err != nil {
			c.problem(key, err.Error(), "name a readable file")
			return secret.Value{}
		}
		text = string(data)
	case r.Env != "":
		if text = c.getenv(r.Env); text == "" {
			c.problem(key, "the environment variable "+r.Env+" is not set or empty", "set it to the secret")
			return secret.Value{}
		}
	default:
		c.problem(key, "is missing", "write {file: PATH} or {env: NAME}")
		return secret.Value{}
	}
	text = strings.TrimSpace(text)
	if len(text) < least {
		c.problem(key, fmt.Sprintf("is empty or shorter than %d bytes", least), "use a longer secret")
	}
	return secret.New(text)
}
