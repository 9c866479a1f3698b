package manifest_test

import (
	"archive/zip"
	"bytes"
	"html"
	"io"
	"strings"
	"testing"

	"aws-access-bot/internal/manifest"
)

func TestSitesThatNobodyReaches(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                                      "no address",
		"bot.example.com":                       "no address",
		"https:bot.example.com":                 "no address",
		"http://bot.example.com":                "not https",
		"https://user@bot.example.com":          "without user",
		"https://bot.example.com?":              "without user",
		"https://bot.example.com/?a=b":          "without user",
		"https://bot.example.com/#a":            "without user",
		"https://bot.example.com/bot":           "write https://bot.example.com",
		"https://localhost":                     "no name that the world knows",
		"https://127.0.0.1":                     "no name that the world knows",
		"https://[::1]":                         "no name that the world knows",
		"https://" + strings.Repeat("a.", 1100): "longer than 2048",
	} {
		if _, err := manifest.ParseSite(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", raw, err, want)
		}
	}
	for _, raw := range []string{address, address + "/", address + ":8443"} {
		if _, err := manifest.ParseSite(raw); err != nil {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// TestTeamsAppsThatTeamsRefuses are refused here, all that is wrong at once.
func TestTeamsAppsThatTeamsRefuses(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*manifest.TeamsApp){
		"the app id":            func(a *manifest.TeamsApp) { a.AppID = "28:" + appID },
		`the version "1.0"`:     func(a *manifest.TeamsApp) { a.Version = "1.0" },
		`the version "01.0.0"`:  func(a *manifest.TeamsApp) { a.Version = "01.0.0" },
		"has 33 characters":     func(a *manifest.TeamsApp) { a.Company = strings.Repeat("a", 33) },
		"has 0 characters":      func(a *manifest.TeamsApp) { a.Company = "" },
		`"http://x.example" is`: func(a *manifest.TeamsApp) { a.Terms = "http://x.example" },
		`"" is no address`:      func(a *manifest.TeamsApp) { a.Website = "" },
	} {
		a := teamsApp(t)
		spoil(&a)
		if _, err := a.Package(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, err := manifest.TeamsApp{Site: site(t)}.Manifest()
	if err == nil || strings.Count(err.Error(), "\n") != 5 {
		t.Errorf("not all at once: %v", err)
	}
	upper := teamsApp(t)
	upper.AppID = strings.ToUpper("abcdefab" + appID[8:])
	if !bytes.Contains(must[[]byte](t)(upper.Manifest()), []byte(`"abcdefab-`)) {
		t.Error("the id is not in lower case, as Teams sends it")
	}
}

// TestThePackageIsReproducible, and has the three files at its root.
func TestThePackageIsReproducible(t *testing.T) {
	t.Parallel()
	one, two := must[[]byte](t)(teamsApp(t).Package()), must[[]byte](t)(teamsApp(t).Package())
	if !bytes.Equal(one, two) {
		t.Error("two packages of one app differ")
	}
	z := must[*zip.Reader](t)(zip.NewReader(bytes.NewReader(one), int64(len(one))))
	want := map[string][]byte{
		"manifest.json": must[[]byte](t)(teamsApp(t).Manifest()), "color.png": must[[]byte](t)(manifest.ColorIcon()), "outline.png": must[[]byte](t)(manifest.OutlineIcon()),
	}
	for _, f := range z.File {
		r := must[io.ReadCloser](t)(f.Open())
		got := must[[]byte](t)(io.ReadAll(r))
		if !bytes.Equal(got, want[f.Name]) {
			t.Errorf("%s is something else in the package", f.Name)
		}
		delete(want, f.Name)
		if y := f.Modified.UTC().Year(); y != 1980 {
			t.Errorf("%s is of %d", f.Name, y)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestGitHubAppsThatGitHubRefuses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", " ", strings.Repeat("a", 35)} {
		a := githubApp(t)
		a.Name = name
		if _, err := a.JSON(); err == nil || !strings.Contains(err.Error(), "GitHub takes 1 to 34") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, in := range [][2]string{
		{"https://github.com", ""}, {"https://github.com", "acme/config"}, {"https://github.com", "-acme"}, {"https://github.com", `a"b`},
		{"http://github.example.com", "acme"}, {"https://github.example.com/api/v3", "acme"}, {"github.com", "acme"},
	} {
		if _, err := githubApp(t).Page(in[0], in[1]); err == nil {
			t.Errorf("%v is taken", in)
		}
	}
}

// TestThePageSendsTheManifest: what stands in the page's form is the manifest, and
// it goes to that GitHub and organization.
func TestThePageSendsTheManifest(t *testing.T) {
	t.Parallel()
	a := githubApp(t)
	a.Name = `"><script>alert(1)</script>`
	want := string(must[[]byte](t)(a.JSON()))
	for host, api := range map[string]string{
		"https://github.com": "https://api.github.com", "https://acme.ghe.com/": "https://api.acme.ghe.com", "https://github.example.com": "https://github.example.com/api/v3",
	} {
		page := string(must[[]byte](t)(a.Page(host, "acme")))
		action := `action="` + strings.TrimSuffix(host, "/") + `/organizations/acme/settings/apps/new"`
		if !strings.Contains(page, action) || !strings.Contains(page, api+"/app-manifests/CODE/conversions") || strings.Contains(page, "<script") {
			t.Errorf("%s: %s", host, page)
		}
		_, rest, _ := strings.Cut(page, `name="manifest" value="`)
		value, _, _ := strings.Cut(rest, `"`)
		if got := html.UnescapeString(value); got != want {
			t.Errorf("%s: the form has\n%s", host, got)
		}
	}
}
