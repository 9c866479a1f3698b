package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/config/example"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/emukit"
	"aws-access-bot/internal/sandbox/githubemu"
	"aws-access-bot/internal/sandbox/graphemu"
	"aws-access-bot/internal/sandbox/slackemu"
	"aws-access-bot/internal/sandbox/teamsemu"
)

// The fixed names of the world. People write them into scripts.
const (
	githubOrg   = "acme"
	configRepo  = "aws-access-config"
	configID    = 730042
	githubAppID = 31415
	githubAppIn = 27182
	slackTeam   = "T0ACME"
	channelAWS  = "C0AWS"
	channelOps  = "C0OPS"
	channelGen  = "C0GEN"
	// botAccount is the delegated administrator of IAM Identity Center, where
	// the bot runs; managementRole lets it read what only the management
	// account may.
	botAccount     = "222233331111"
	botARN         = "arn:aws:iam::" + botAccount + ":user/aws-access-bot"
	managementRole = "arn:aws:iam::999999999999:role/aws-access-bot-read"
	entraTenant    = "0e6f2d3c-0000-4000-8000-0000000000aa"
	entraClient    = "7a1c0de5-0000-4000-8000-0000000000b0"
	otherMember    = "333344443333" // a member account without a file
)

// world is the emulators with Acme in them.
type world struct {
	kit    *emukit.Kit
	people []Person
	repo   *config.Repo // of the seed commit
	starts config.Starts

	slack  *slackemu.Server
	teams  *teamsemu.Server
	github *githubemu.Server
	config *githubemu.Repo
	graph  *graphemu.Server
	aws    *awsemu.Server

	secrets    secrets
	seedCommit string
	seeded     map[awsemu.Assignment]bool
}

// newWorld makes the emulators and fills them. baseURL is the main listener's,
// tlsURL that of the other one.
func newWorld(ctx context.Context, kit *emukit.Kit, opts Options, baseURL, tlsURL string) (*world, error) {
	sec, err := newSecrets(opts.Key)
	if err != nil {
		return nil, err
	}
	w := &world{kit: kit, people: cast(), secrets: sec, seeded: map[awsemu.Assignment]bool{}}
	files, err := seedFiles()
	if err != nil {
		return nil, err
	}
	// AWS gives a SCIM token a year; whoever keeps the tenant has noted its end.
	tokenEnds := kit.Now().UTC().AddDate(1, 0, 0).Truncate(time.Hour)
	if err := noteTokenEnd(files, tokenEnds); err != nil {
		return nil, err
	}
	if opts.PeopleMerge {
		files["aws-access.yaml"] = strings.TrimRight(files["aws-access.yaml"], "\n") + "\nmerge: people\n"
	}
	if w.repo, err = config.Load(mapFS(files)); err != nil {
		return nil, fmt.Errorf("load the seed of the config repo: %w", err)
	}
	steps := []func() error{
		func() error { return w.makeGitHub(baseURL, files) },
		func() error { return w.makeAWS(tokenEnds) },
		func() error { return w.makeNeighbours() },
		func() error { return w.makeIAM() },
		func() error { return w.makeEntra() },
		func() error { return w.graph.RunCycle(ctx) },
		func() error { return w.makeAssignments() },
		func() error { return w.makeSlack(baseURL) },
		func() error { return w.makeTeamsChat(tlsURL+"/teams/", opts) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, fmt.Errorf("seed the sandbox: %w", err)
		}
	}
	return w, nil
}

// seedFiles are the files of the first commit: the example and one more group.
func seedFiles() (map[string]string, error) {
	files := map[string]string{"groups/aws-payments-support.yaml": supportFile}
	err := fs.WalkDir(example.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(example.FS(), path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the example: %w", err)
	}
	return files, nil
}

// noteTokenEnd has aws-access.yaml say when the SCIM token ends. The example
// leaves that out: any date in it would be over one day.
func noteTokenEnd(files map[string]string, end time.Time) error {
	const file, key = "aws-access.yaml", "\nentra: {"
	before, after, ok := strings.Cut(files[file], key)
	if !ok {
		return fmt.Errorf("seed the config repo: %s of the example has no line that begins with %q", file, strings.TrimSpace(key))
	}
	files[file] = before + key + "scim_token_expires: " + end.Format(time.RFC3339) + ", " + after
	return nil
}

// mapFS serves file contents by path.
func mapFS(files map[string]string) fs.FS {
	out := fstest.MapFS{}
	for path, text := range files {
		out[path] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return out
}

// person finds somebody to play, by key, in any case.
func (w *world) person(key string) (*Person, bool) {
	for i := range w.people {
		if strings.EqualFold(w.people[i].Key, key) {
			return &w.people[i], true
		}
	}
	return nil, false
}

func (w *world) makeGitHub(baseURL string, files map[string]string) error {
	w.github = githubemu.New(w.kit, githubemu.Options{
		BaseURL: baseURL + "/github", Org: githubOrg, WebhookSecret: w.secrets.webhook,
		App: githubemu.App{
			ID: githubAppID, Slug: "acme-aws-access", Name: "Acme AWS access", ClientID: "Iv23acmeawsaccess",
			InstallationID: githubAppIn, PublicKey: &w.secrets.appKey.PublicKey, Repositories: []string{configRepo},
			Permissions: appPermissions(),
		},
	})
	for _, p := range w.people {
		if p.GitHub == "" {
			continue
		}
		if _, err := w.github.AddUser(githubemu.User{ID: p.githubID, Login: p.GitHub, Name: p.Name, Email: p.Email}); err != nil {
			return err
		}
		if err := w.github.AddToken(p.GitHub, w.secrets.tokens[p.Key]); err != nil {
			return err
		}
	}
	if err := w.makeTeams(); err != nil {
		return err
	}
	repo, err := w.github.AddRepo(githubemu.RepoSpec{Name: configRepo, ID: configID, Files: files, Author: "ken-platform"})
	if err != nil {
		return err
	}
	for _, p := range w.people {
		if p.GitHub == "" {
			continue
		}
		if err := repo.SetRole(p.GitHub, p.role); err != nil {
			return err
		}
	}
	for _, rs := range githubemu.AccessRulesets("aws-access", githubAppID, "access/") {
		repo.PutRuleset(rs)
	}
	w.config = repo
	commits := w.github.State().Repos[0].Commits
	w.seedCommit = commits[0].SHA
	w.starts = config.NextStarts(nil, w.repo, nil, config.Start{MergedAt: commits[0].At})
	return nil
}

// appPermissions are what docs/setup.md asks the organization to grant.
func appPermissions() map[string]string {
	return map[string]string{
		"metadata": "read", "contents": "write", "pull_requests": "write", "checks": "write", "administration": "read", "members": "read",
		"merge_queues": "read",
	}
}

// makeTeams makes the teams of people.yaml, and one below payments-leads whose
// members therefore do not count.
func (w *world) makeTeams() error {
	for slug, t := range w.repo.People.Teams {
		if err := w.github.PutTeam(githubemu.Team{ID: t.ID, Slug: slug, Members: teams()[slug]}); err != nil {
			return err
		}
	}
	return w.github.PutTeam(githubemu.Team{
		ID: 1234570, Slug: "payments-reviewers", Parent: "payments-leads", Members: map[string]string{"lena-platform": "member"},
	})
}

func (w *world) makeSlack(baseURL string) error {
	s, err := slackemu.New(w.kit, slackemu.Options{
		SigningSecret: w.secrets.slackSigning, BaseURL: baseURL, Commands: []string{"/aws-access", "/aws-onboard"},
		Workspaces: []slackemu.Workspace{{ID: slackTeam, Domain: "acme", Name: "Acme", URL: baseURL, BotToken: w.secrets.slackToken}},
	})
	if err != nil {
		return err
	}
	w.slack = s
	members := []string{}
	for _, p := range w.people {
		if p.Slack == "" {
			continue
		}
		members = append(members, p.Slack)
		if err := s.AddUser(slackemu.User{ID: p.Slack, Name: p.Key, RealName: p.Name, Email: cmp.Or(p.slackEmail, p.Email), IsRestricted: p.guest}); err != nil {
			return err
		}
	}
	if err := s.AddUser(slackemu.User{ID: "U0DEPLOY", Name: "deploys", RealName: "Deploys", IsBot: true}); err != nil {
		return err
	}
	for _, c := range []slackemu.Channel{
		{ID: channelAWS, Name: "aws-access", Members: members},
		{ID: channelOps, Name: "aws-ops", Members: []string{"U0KEN", "U0LENA", "U0MIO"}},
		{ID: channelGen, Name: "general", Members: append([]string{"U0DEPLOY"}, members...)},
	} {
		if err := s.AddChannel(c); err != nil {
			return err
		}
	}
	for _, c := range []string{channelAWS, channelOps} {
		if err := s.Join(c, "UBOT0ACME"); err != nil {
			return err
		}
	}
	_, err = s.Post("U0KEN", channelGen, "Moving the accounts to SSO goes on: AWS access is asked for in #aws-access now, no tickets any more.", "")
	return err
}
