package sandbox

import (
	"bufio"
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/settings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
)

func TestOnlyLoopbackUnlessTold(t *testing.T) {
	t.Parallel()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		listen string
		remote bool
		ok     bool
	}{
		{"", false, true}, {"localhost:0", false, true}, {"[::1]:0", false, true},
		{"0.0.0.0:0", false, false}, {":0", false, false}, {"192.0.2.1:0", false, false}, {"127.0.0.1", false, false},
		{"0.0.0.0:0", true, true}, {"192.0.2.1:0", true, false},
	}
	for _, tc := range tests {
		s, err := New(Options{Key: key, Listen: tc.listen, AllowRemote: tc.remote})
		if tc.listen == "[::1]:0" && err != nil && strings.Contains(err.Error(), "listen") {
			continue // a machine without IPv6
		}
		if (err == nil) != tc.ok {
			t.Errorf("listen %q, remote %v: %v", tc.listen, tc.remote, err)
		}
		if err == nil {
			if tc.remote && !strings.HasPrefix(s.URL(), "http://127.0.0.1:") {
				t.Errorf("URL of a wildcard address: %s", s.URL())
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// What the sandbox writes, the bot can read: every secret is there, long enough
// and private, and every URL is one that the bot takes.
func TestSettingsAreGoodForTheBot(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	path := filepath.Join(t.TempDir(), "new", "bot.yaml")
	if err := s.WriteSettings(path, ""); err != nil {
		t.Fatal(err)
	}
	got, err := settings.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if !got.EnableChanges || got.Poll != 10*time.Second || got.GitHub.BaseURL != s.URL()+"/github/api/v3/" ||
		got.Slack.APIURL != s.URL()+"/slack/api/" || got.AWS.EndpointURL != s.URL()+"/aws/" || got.Entra.AuthorityURL != s.TLSURL() {
		t.Errorf("settings: %+v", got)
	}
	if !strings.HasPrefix(got.Listen, "127.0.0.1:") || s.bot().Host != got.Listen {
		t.Errorf("the bot listens on %q, the emulators send to %v", got.Listen, s.bot())
	}
	err = filepath.WalkDir(filepath.Dir(path), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := os.Stat(p)
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", p, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestStateHidesSecrets(t *testing.T) {
	t.Parallel()
	s := running(t)
	body := read(t, s.URL()+"/sandbox/state")
	sec := s.world.secrets
	for _, x := range []string{sec.webhook, sec.slackSigning, sec.slackToken, sec.awsSecret, sec.entraSecret, sec.scimToken, sec.signingKey} {
		if strings.Contains(body, x) {
			t.Error("the state shows a secret")
		}
	}
	for _, member := range []string{`"people"`, `"access"`, `"slack"`, `"github"`, `"graph"`, `"aws"`, `"seed_commit"`, `"journal"`} {
		if !strings.Contains(body, member) {
			t.Errorf("the state has no %s", member)
		}
	}
	part := read(t, s.URL()+"/sandbox/state?part=access")
	if !strings.Contains(part, `"access"`) || strings.Contains(part, `"deliveries"`) {
		t.Errorf("one part: %.200s", part)
	}
	if status, _ := send(t, http.MethodGet, s.URL()+"/sandbox/state?part=all", "", nil); status != 400 {
		t.Errorf("an unknown part: %d", status)
	}
}

// TestNothingInAStateIsYoungerThanItsTime: who waits for the second after what a
// state shows may count from that.
func TestNothingInAStateIsYoungerThanItsTime(t *testing.T) {
	t.Parallel()
	st := running(t).State()
	if st.Time.Before(st.AWS.Time) {
		t.Errorf("the state is of %v, AWS in it of %v", st.Time, st.AWS.Time)
	}
}

func read(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var b strings.Builder
	if _, err := bufio.NewReader(res.Body).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A real client reaches AWS below its path, and the journal tells it at once to
// whoever waits.
func TestAWSBelowItsPathAndTheJournal(t *testing.T) {
	t.Parallel()
	s := running(t)
	got := make(chan string, 1)
	go func() { got <- read(t, s.URL()+"/sandbox/journal?after=0&wait=20s&service=aws") }()
	client := ssoadmin.NewFromConfig(aws.Config{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(s.URL() + "/aws/"),
		Credentials: credentials.NewStaticCredentialsProvider(s.world.secrets.awsKeyID, s.world.secrets.awsSecret, ""),
	})
	out, err := client.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{})
	if err != nil || len(out.Instances) != 1 {
		t.Fatalf("list instances: %v %v", out, err)
	}
	if text := <-got; !strings.Contains(text, `"op":"ListInstances"`) {
		t.Errorf("journal: %s", text)
	}
	if text := read(t, s.URL()+"/sandbox/journal?bodies=false"); strings.Contains(text, "InstanceArn") || !strings.Contains(text, "ListInstances") {
		t.Errorf("journal without bodies: %s", text)
	}
	for _, q := range []string{"after=x", "wait=soon", "wait=-1s"} {
		if status, _ := send(t, http.MethodGet, s.URL()+"/sandbox/journal?"+q, "", nil); status != 400 {
			t.Errorf("journal?%s: %d", q, status)
		}
	}
}

func TestLoginAnswersBehindTheSandboxsOwnCA(t *testing.T) {
	t.Parallel()
	s := running(t)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = s.ca.Pool()
	t.Cleanup(transport.CloseIdleConnections)
	form := "client_id=" + entraClient + "&client_secret=" + s.world.secrets.entraSecret + "&grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.TLSURL()+"/"+entraTenant+"/oauth2/v2.0/token", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Errorf("token: %s", res.Status)
	}
}

func TestEventsTellEachChangeAndEndWithTheSandbox(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-s.Ready()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/sandbox/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	next := func() bool {
		for lines.Scan() {
			if lines.Text() == "event: change" {
				return true
			}
		}
		return false
	}
	if !next() {
		t.Fatal("no event at once")
	}
	post(t, s, "as/hana/post", `{"channel":"C0GEN","text":"hello"}`)
	if !next() {
		t.Fatal("no event after a message")
	}
	post(t, s, "aws/account", `{"id":"111122224444","tags":{"new":"tag"}}`)
	if !next() {
		t.Fatal("no event after a tag")
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if next() {
		t.Error("an event after the end")
	}
}

func TestThePageComesWithItsPolicy(t *testing.T) {
	t.Parallel()
	s := running(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("page: %s %v", res.Status, res.Header)
	}
	files, err := fs.ReadDir(pageFiles, "page")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := fs.ReadFile(pageFiles, "page/"+f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "https://cdn", "eval("} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s has %s", f.Name(), bad)
			}
		}
	}
}

func TestLinksOfCardsLeadToThePage(t *testing.T) {
	t.Parallel()
	s := running(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{
		"/github/acme/aws-access-config/pull/7": "/#pull-7",
		"/archives/C0AWS/p1700000000000100":     "/#C0AWS-p1700000000000100",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q", path, got)
		}
	}
	if status, _ := send(t, http.MethodPost, s.URL()+"/teams/v3/conversations", "{}", nil); status != http.StatusNotFound {
		t.Errorf("teams: %d", status)
	}
}
