package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/audience"
	"aws-access-bot/internal/gitops/delivery"
	"aws-access-bot/internal/gitops/github"
	"aws-access-bot/internal/gitops/guard"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/cloudtrail"
	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/provision/iam"
	"aws-access-bot/internal/provision/identitycenter"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/provision/organizations"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/settings"
	"aws-access-bot/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"
)

// bot is the running program, put together.
type bot struct {
	set      *settings.Settings
	log      *slog.Logger
	file     *store.Bolt // the state file, and db its records
	db       store.DB
	requests *store.Requests
	outbox   *store.Outbox
	out      *outside
	git      *gitops.Gitops
	webhook  *gitops.Webhook
	guards   *guard.Watch
	sweep    *delivery.Sweep
	people   *audience.Watch
	engine   *provision.Engine
	accounts *onboard.Engine
	tracker  *access.Tracker
	courier  *chat.Courier
	desk     *chat.Desk
}

// wired is what the parts tell each other, filled in once all are made.
type wired struct {
	b atomic.Pointer[bot]
}

// changed wakes whoever looks at facts.
func (w *wired) changed() {
	if b := w.b.Load(); b != nil {
		b.tracker.Wake()
	}
}

// inForce wakes the provisioner and whoever looks at facts.
func (w *wired) inForce() {
	if b := w.b.Load(); b != nil {
		b.engine.Wake()
		b.accounts.Wake()
		b.tracker.Wake()
	}
}

// provisioned wakes whoever waits for an assignment to become live.
func (w *wired) provisioned() {
	if b := w.b.Load(); b != nil {
		b.accounts.Wake()
		b.tracker.Wake()
	}
}

// moved wakes whoever shows requests.
func (w *wired) moved() {
	if b := w.b.Load(); b != nil {
		b.courier.Wake()
	}
}

// paced divides a wait by a pace, of which zero is one.
func paced(wait time.Duration, pace float64) time.Duration {
	if pace <= 0 {
		return wait
	}
	return time.Duration(float64(wait) / pace)
}

// outside has the clients of the services around the bot.
type outside struct {
	clock  *provision.SkewMeter
	github *github.Client
	entra  *entra.Client
	center *identitycenter.Client
	orgs   *organizations.Client
	// manager is nil without a role of the management account.
	manager *organizations.Manager
	iam     *iam.Reader
	trail   provision.Trail // nil where it is not looked up who made a drift
	chats   *chats
}

// sets are what permission sets are worked on with.
func (out *outside) sets(db store.DB) provision.SetPorts {
	return provision.SetPorts{Port: out.center, Store: store.NewProvision(db)}
}

// open opens the state file and puts the bot together. It makes no call.
func open(ctx context.Context, set *settings.Settings, p program, log *slog.Logger) (*bot, error) {
	db, err := store.OpenBolt(set.StateFile, store.Options{AfterCommit: p.afterCommit})
	if err != nil {
		return nil, err
	}
	b, err := assemble(ctx, set, db, p.pace, log)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return b, nil
}

// assemble wires the parts over an open state file. pace is that of program.
func assemble(ctx context.Context, set *settings.Settings, file *store.Bolt, pace float64, log *slog.Logger) (*bot, error) {
	db, err := sealed(ctx, set, file)
	if err != nil {
		return nil, err
	}
	w := &wired{}
	b := &bot{set: set, log: log, file: file, db: db, requests: store.NewRequests(db)}
	out, err := connect(ctx, set, b.application, store.NewReach(b.db), log)
	if err != nil {
		return nil, err
	}
	outbox := store.NewOutbox(db)
	b.outbox, b.out = outbox, out
	b.git, err = gitops.New(gitops.Options{
		Owner: set.ConfigRepo.Owner, Name: set.ConfigRepo.Name, RepoID: set.ConfigRepo.ID, Branch: set.ConfigRepo.Branch,
		SigningKey: []byte(set.SigningKey.Reveal()), Poll: set.Poll, Lag: paced(gitops.DefaultLag, pace), OnInForce: w.inForce, OnChange: w.changed,
		CleanAfter: paced(gitops.DefaultCleanAfter, pace), Removed: b.removed, Preflight: b.preflight, Ahead: b.ahead, Foretell: b.foretell, Spoken: b.spoken,
		Ops: waking{outbox, w.moved}, Now: time.Now, Log: log,
	}, out.github, store.NewGitops(db), out.entra)
	if err != nil {
		return nil, err
	}
	if b.webhook, err = b.git.NewWebhook(revealed(set.GitHub.WebhookSecrets)...); err != nil {
		return nil, err
	}
	b.guards = guard.New(gitops.Guards(set.ConfigRepo.Branch, set.GitHub.AppID), out.github, store.NewGitops(db), waking{outbox, w.moved}, time.Now, log)
	b.sweep = delivery.New(delivery.Options{Repo: set.ConfigRepo.ID, Every: sweepEvery(set.Poll), Now: time.Now, Log: log}, out.github, b.webhook, store.NewGitops(db), waking{outbox, w.moved})
	b.people = audience.New(audience.Ports{
		State: store.NewGitops(db), Directory: out.entra, Commits: b.git, Requests: b.requests, Notices: waking{outbox, w.moved}, Now: time.Now, Log: log,
	}, set.Poll)
	b.engine, err = provision.New(provision.Ports{
		Center: out.center, Entra: out.entra, Accounts: out.orgs, Commits: b.git, Store: store.NewProvision(db), Drifts: store.NewProvision(db), Trail: out.trail, Identity: out.center,
		Clocks: out.clock, Audit: auditLog{store.NewAudit(db)}, Ops: waking{outbox, w.moved}, Now: time.Now, Sets: out.sets(db),
		Places: places{b}, Cutovers: store.NewProvision(db), Origins: origins{b.requests, store.NewOnboard(db)},
	}, provision.Options{EnableChanges: set.EnableChanges, Watch: true, Pace: pace, Log: log, OnChange: w.provisioned, Asker: b.asker})
	if err != nil {
		return nil, err
	}
	if b.accounts, err = b.onboarding(out, w, pace); err != nil {
		return nil, err
	}
	b.converse(out, outbox, w)
	w.b.Store(b)
	return b, nil
}

// sealed has the records of the state file, if the bot wrote all of them.
func sealed(ctx context.Context, set *settings.Settings, file *store.Bolt) (store.DB, error) {
	var older [][]byte
	if !set.OldSigningKey.Empty() {
		older = revealed([]secret.Value{set.OldSigningKey})
	}
	db, err := store.Seal(ctx, file, []byte(set.SigningKey.Reveal()), older...)
	if errors.Is(err, store.ErrForeign) || errors.Is(err, store.ErrTampered) {
		return nil, fmt.Errorf("%s: %w; if the signing key was changed, give the one before as old_signing_key; else find out who changed the file, put a backup in its place or take it away, and name the commit in force with 'bot trust SHA'", set.StateFile, err)
	}
	return db, err
}

// converse makes the parts that people talk to.
func (b *bot) converse(out *outside, outbox *store.Outbox, w *wired) {
	observer := &access.Observer{Pulls: b.git, Grants: b.engine, Commits: b.git, Onboards: b.accounts, Now: time.Now}
	b.tracker = access.NewTracker(b.requests, observer, b.git, w.moved, time.Now, b.log)
	ops := access.Platform(b.set.OpsPlatform)
	b.courier = chat.NewCourier(chat.Courier{
		Outbox: outbox, Requests: b.requests, Commits: b.git,
		Platforms: out.chats.platforms, Ops: out.chats.ops[ops], OpsPlatform: ops, Home: b.home, Log: b.log,
	})
	service := &access.Service{
		Requests: b.requests, Commits: b.git, Directory: out.entra, Pulls: b.git, Teams: b.git, Now: time.Now,
		Links: b.requests, Accounts: out.github, Drifts: b.engine, Cutovers: b.engine, Memberships: out.entra, Grants: b.engine, Estate: b.accounts, Onboarder: b.accounts, Boards: b.boards(),
		IsChannel: isChannel, Stored: func() { w.changed(); w.moved() },
	}
	b.desk = chat.NewDesk(chat.Desk{
		Inbox: store.NewInbox(b.db), Service: service,
		Who:      &access.Identity{Commits: b.git, Directory: out.entra, Bindings: store.NewBindings(b.db)},
		Profiles: out.chats.profiles, Whispers: out.chats.whispers, Channel: out.chats.channels,
		Health: health{b.git, b.sweep, b.guards},
		Now:    time.Now, Log: b.log,
	})
}

// connect makes the clients of the outside. application names the enterprise
// application, and reach keeps how people are reached in chat; it is nil for who
// speaks to nobody there.
func connect(ctx context.Context, set *settings.Settings, application func() (string, error), reach access.Reach, log *slog.Logger) (*outside, error) {
	out := &outside{clock: provision.NewSkewMeter(time.Now)}
	roots, err := entra.LoadCAs(set.CAFile)
	if err != nil {
		return nil, err
	}
	gate := egress.New(egress.Options{Private: set.PrivateHosts, RootCAs: roots})
	if err := out.connectGitHub(set, gate); err != nil {
		return nil, err
	}
	out.entra, err = entra.New(entra.Options{
		Tenant: set.Entra.Tenant, Client: set.Entra.Client, Secret: set.Entra.Secret, Certificate: set.Entra.Certificate,
		GraphURL: set.Entra.GraphURL, AuthorityURL: set.Entra.AuthorityURL, Gate: gate, App: application, Wrap: watch(out.clock, "graph"),
	})
	if err != nil {
		return nil, err
	}
	if err := out.connectAWS(ctx, set, awsclient.Options{RootCAs: roots, Gate: gate, Wrap: watch(out.clock, "aws")}); err != nil {
		return nil, err
	}
	if out.chats, err = newChats(set, gate, reach, log); err != nil {
		return nil, err
	}
	if unused := gate.Unused(); len(unused) > 0 {
		return nil, fmt.Errorf("private_hosts: the bot does not speak to %s; take it out, or write it as in the base URL", strings.Join(unused, ", "))
	}
	return out, nil
}

// connectAWS makes the clients of AWS.
func (out *outside) connectAWS(ctx context.Context, set *settings.Settings, o awsclient.Options) error {
	o.Region, o.EndpointURL, o.AccessKeyID, o.SecretAccessKey = set.AWS.Region, set.AWS.EndpointURL, set.AWS.AccessKeyID, set.AWS.SecretAccessKey
	o.Role, o.CloudTrail = set.AWS.Role, set.AWS.CloudTrail
	cfg, err := awsclient.Config(ctx, o)
	if err != nil {
		return err
	}
	out.center, out.orgs = identitycenter.New(cfg, 0, time.Now), organizations.New(cfg, 0)
	out.iam = iam.New(cfg, 0, time.Now)
	if role := set.AWS.ManagementRole; role != "" {
		out.manager = organizations.NewManager(awsclient.Assuming(cfg, role, 0), 0)
	}
	if !set.AWS.CloudTrail {
		return nil
	}
	histories := []aws.Config{cfg}
	if o.Role = set.AWS.ManagementRole; o.Role != "" {
		if cfg, err = awsclient.Config(ctx, o); err != nil {
			return err
		}
		histories = append(histories, cfg)
	}
	out.trail = cloudtrail.New(out.center, histories...)
	return nil
}

func (out *outside) connectGitHub(set *settings.Settings, gate *egress.Gate) error {
	rt, err := gate.Transport(set.GitHub.BaseURL)
	if err != nil {
		return fmt.Errorf("github.base_url: %w", err)
	}
	out.github, err = github.New(github.Options{
		BaseURL: set.GitHub.BaseURL, Owner: set.ConfigRepo.Owner, Name: set.ConfigRepo.Name, RepoID: set.ConfigRepo.ID,
		AppID: set.GitHub.AppID, InstallationID: set.GitHub.InstallationID, PrivateKey: []byte(set.GitHub.PrivateKey.Reveal()),
		Transport: watch(out.clock, "github")(rt), Now: time.Now,
	})
	return err
}

// application names the enterprise application as the config in force does.
func (b *bot) application() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	force, err := b.git.InForce(ctx)
	if err != nil {
		return "", fmt.Errorf("config in force: %w", err)
	}
	return force.Repo.Access.EntraApp, nil
}

// removed reports whether an assignment that is not desired is removed in AWS, as
// far as provisioning knows. What it has no record of was never made.
func (b *bot) removed(ctx context.Context, a config.Assignment) (bool, error) {
	f, err := b.engine.GrantFacts(ctx, a)
	return err == nil && (f == nil || f.Idle), err
}

// asker returns who made a request, for provisioning him among the first.
func (b *bot) asker(ctx context.Context, request string) (string, bool) {
	id, ok := access.ParseID(request)
	if !ok {
		return "", false
	}
	r, err := b.requests.Get(ctx, id)
	return r.Asker.Entra, err == nil && r.Asker.Entra != ""
}

// revealed gives the bytes of secrets to what checks signatures with them.
func revealed(list []secret.Value) [][]byte {
	var out [][]byte
	for _, s := range list {
		out = append(out, []byte(s.Reveal()))
	}
	return out
}

// sweepEvery is how often to look for webhooks that were lost: as often as the
// poll, by default every three minutes.
func sweepEvery(poll time.Duration) time.Duration {
	if poll > 0 {
		return poll
	}
	return 3 * time.Minute
}

// work runs the workers until ctx ends or one fails.
func (b *bot) work(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{b.git.Run, b.guards.Run, b.people.Run, b.sweep.Run, b.engine.Run, b.accounts.Run, b.tracker.Run, b.courier.Run, b.desk.Run, b.lookAtChats} {
		g.Go(func() error { return run(ctx) })
	}
	g.Go(func() error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.file.Failed():
			return errors.New("the state file can no longer be written; start again")
		}
	})
	return g.Wait()
}
