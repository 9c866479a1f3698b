package manifest_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"aws-access-bot/internal/manifest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	appID   = "11111111-2222-4333-8444-555555555555"
	address = "https://bot.example.com"
)

func site(t *testing.T) manifest.Site {
	t.Helper()
	s, err := manifest.ParseSite(address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func teamsApp(t *testing.T) manifest.TeamsApp {
	t.Helper()
	return manifest.TeamsApp{Site: site(t), AppID: appID, Version: "1.0.0", Company: "Acme", Website: "https://intranet.example.com/aws"}
}

func githubApp(t *testing.T) manifest.GitHubApp {
	t.Helper()
	return manifest.GitHubApp{Site: site(t), Name: "acme-aws-access"}
}

// must is the value of a call that has to go well.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestManifests(t *testing.T) {
	t.Parallel()
	golden(t, "teams.json", must[[]byte](t)(teamsApp(t).Manifest()))
	golden(t, "slack.json", must[[]byte](t)(manifest.Slack(site(t))))
	golden(t, "github.json", must[[]byte](t)(githubApp(t).JSON()))
	golden(t, "github.html", must[[]byte](t)(githubApp(t).Page("https://github.com", "acme")))
}

// TestIcons: the icons are the pictures that a person has looked at. Pixels are
// compared and not bytes, since how well a PNG is packed may change with Go.
func TestIcons(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func() ([]byte, error){"color.png": manifest.ColorIcon, "outline.png": manifest.OutlineIcon} {
		got := must[[]byte](t)(draw())
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want := must[[]byte](t)(os.ReadFile(path))
		if !same(picture(t, want), picture(t, got)) {
			t.Errorf("%s is another picture than the one in testdata", name)
		}
	}
}

func picture(t *testing.T, data []byte) image.Image {
	t.Helper()
	return must[image.Image](t)(png.Decode(bytes.NewReader(data)))
}

func same(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if pixel(a, x, y) != pixel(b, x, y) {
				return false
			}
		}
	}
	return true
}

func pixel(i image.Image, x, y int) color.NRGBA {
	c, _ := color.NRGBAModel.Convert(i.At(x, y)).(color.NRGBA)
	return c
}

// TestIconsAreWhatTeamsTakes ("root.icons object"; "Teams app package": the
// middle of the color icon is what is never cut): sizes, the outline white and
// transparent only, the color icon opaque with its sign in the middle 120 pixels.
func TestIconsAreWhatTeamsTakes(t *testing.T) {
	t.Parallel()
	colored, outline := picture(t, must[[]byte](t)(manifest.ColorIcon())), picture(t, must[[]byte](t)(manifest.OutlineIcon()))
	if b := colored.Bounds(); b != image.Rect(0, 0, 192, 192) {
		t.Errorf("color icon of %v", b)
	}
	if b := outline.Bounds(); b != image.Rect(0, 0, 32, 32) {
		t.Errorf("outline icon of %v", b)
	}
	back, seen := pixel(colored, 0, 0), map[color.NRGBA]bool{}
	for y := range 192 {
		for x := range 192 {
			p := pixel(colored, x, y)
			seen[p] = true
			if middle := x >= 36 && x < 156 && y >= 36 && y < 156; p.A != 255 || !middle && p != back {
				t.Fatalf("color icon at %d, %d: %v", x, y, p)
			}
		}
	}
	if !seen[color.NRGBA{255, 255, 255, 255}] || back == (color.NRGBA{255, 255, 255, 255}) {
		t.Error("the color icon has no sign")
	}
	clear, full := 0, 0
	for y := range 32 {
		for x := range 32 {
			p := pixel(outline, x, y)
			switch {
			case p.A == 0:
				clear++
			case p.R != 255 || p.G != 255 || p.B != 255:
				t.Fatalf("outline icon at %d, %d: %v", x, y, p)
			case p.A == 255:
				full++
			}
		}
	}
	if clear < 400 || full < 100 {
		t.Errorf("outline icon: %d pixels transparent, %d white", clear, full)
	}
}
