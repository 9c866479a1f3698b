package github

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzNextLink: whatever a Link header says, the next page is on the API's own
// host, where the token may go.
func FuzzNextLink(f *testing.F) {
	base, err := url.Parse("https://api.github.example/api/v3/")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		"", `<https://api.github.example/api/v3/x?page=2>; rel="next"`, `<https://evil.example/x>; rel="next"`, `<http://api.github.example/>; rel="next"`,
		`<//evil.example/x>; rel="next"`, `</x>; rel="next"`, `<https://api.github.example@evil.example/>; rel="next"`, `<a>; rel="prev", <b>; rel="next"`, `<; rel="next"`,
		`<https://api.github.example\@evil.example/>; rel="next"`, `<https://api.github.example:443/>; rel="next"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		next, err := nextLink(header, base)
		if err != nil || next == "" {
			return
		}
		u, err := url.Parse(next)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme {
			t.Fatalf("%q leads to %q", header, next)
		}
		if !strings.Contains(header, "next") {
			t.Fatalf("%q has no next page and leads to %q", header, next)
		}
	})
}
