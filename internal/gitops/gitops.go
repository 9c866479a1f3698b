package gitops

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/guard"
)

// CheckName is the name of the check run.
const CheckName = "aws-access"

// branchPrefix begins the branch of every bot pull request.
const branchPrefix = "access/"

// Guards is how GitHub should guard the config repo's branch, for the App with
// this number.
func Guards(branch string, app int64) guard.Want {
	return guard.Want{Branch: branch, Prefix: branchPrefix, Check: CheckName, App: app}
}

// minKey is the least length of the signing key in bytes.
const minKey = 32

// Options configure [New]. Zero values mean the defaults named.
type Options struct {
	// Owner, Name, RepoID and Branch name the config repo. RepoID decides.
	Owner, Name string
	RepoID      int64
	Branch      string
	// SigningKey signs request blocks, at least 32 bytes.
	SigningKey []byte
	// Poll is how often to look without a hint (3 min), Coalesce how long
	// hints are gathered into one look (2 s).
	Poll, Coalesce time.Duration
	// Lag is how long a commit may be without its pull request before that is
	// a halt: GitHub shows the two by different reads ([DefaultLag]).
	Lag time.Duration
	// CleanAfter is how long after its end a line may be taken out
	// ([DefaultCleanAfter]). Removed says whether an assignment that is not
	// desired is removed in AWS; nil means that nothing is cleaned up.
	CleanAfter time.Duration
	Removed    func(ctx context.Context, a config.Assignment) (bool, error)
	// Preflight holds an account that a change brings in against AWS; nil asks
	// nobody. An error is shown as not known, and asked again.
	Preflight func(ctx context.Context, base, head *config.Repo, account *config.Account) (access.Preflight, error)
	// Ahead lists what stands before a phase, for the accounts of a repo; nil
	// asks nobody. An error is shown as not known, and asked again.
	Ahead func(ctx context.Context, repo *config.Repo, to config.Phase) (access.Preflight, error)
	// Foretell asks the guards of provisioning what they will hold of a merge; nil
	// asks nobody. An error is shown as not known, and asked again.
	Foretell func(ctx context.Context, m access.Merge) (access.Foretold, error)
	// Spoken says how the bot's chat commands are written for who reads the pull
	// request of a request, or of none ("", or one that is not known); nil leaves
	// them with slashes.
	Spoken func(ctx context.Context, request access.ID) access.Spoken
	// OnInForce is called after another commit came into force, OnChange
	// after a record changed that people may see. Neither may block.
	OnInForce, OnChange func()
	// Ops is told of halts and invalid commits; nil tells nobody.
	Ops Ops
	// Now is the clock (time.Now) and Log the logger (discarded).
	Now func() time.Time
	Log *slog.Logger
}

// Gitops is the whole of this package's work on one config repo. It is safe
// for use by several goroutines; looks are made one at a time.
type Gitops struct {
	opt    Options
	host   Host
	state  State
	dir    *lookDirectory
	reader *reader
	pace   *rate.Limiter // of comments
	hints  hints
	// rosters are those of the last look. Only a look decides by them; a
	// proposal between two looks only tells people who could approve.
	rosters rosters

	// looking is held during a look, a trust and the check of one pull
	// request, so that each step of the walk has one writer.
	looking sync.Mutex
	// tip is the head of the default branch at the last look, guarded by
	// looking.
	tip string
	// sight and judging are guarded by looking.
	sight   sight
	judging judging
	// firstSeen has when commits without a pull request were first met; it is
	// guarded by looking.
	firstSeen map[string]time.Time
	merging   merging       // guarded by looking
	asked     preflightBook // guarded by looking
	// cleanAt is when to look for ended grants again, guarded by looking.
	cleanAt time.Time
	// force caches the config in force; nil until it was read.
	force atomic.Pointer[access.InForce]
	// forcing is held while a config comes into force, so that who saw it
	// stored never reads the one before.
	forcing sync.RWMutex
}

var (
	_ access.Pulls        = (*Gitops)(nil)
	_ access.PullEvidence = (*Gitops)(nil)
	_ access.Commits      = (*Gitops)(nil)
	_ access.TeamReader   = (*Gitops)(nil)
)

// DefaultLag is Options.Lag where nothing else is said.
const DefaultLag = 20 * time.Second

// New returns a Gitops. It reads and writes nothing yet.
func New(o Options, host Host, state State, dir Directory) (*Gitops, error) {
	var errs []error
	if o.Owner == "" || o.Name == "" || o.RepoID <= 0 || o.Branch == "" {
		errs = append(errs, errors.New("config repo: owner, name, numeric id and branch are required"))
	}
	if len(o.SigningKey) < minKey {
		errs = append(errs, errors.New("signing key for request blocks: at least 32 bytes are required"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	setDefault(&o.Poll, 3*time.Minute)
	setDefault(&o.Coalesce, 2*time.Second)
	setDefault(&o.Lag, DefaultLag)
	setDefault(&o.CleanAfter, DefaultCleanAfter)
	if o.OnInForce == nil {
		o.OnInForce = func() {}
	}
	if o.OnChange == nil {
		o.OnChange = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Gitops{
		opt: o, host: host, state: state, dir: newLookDirectory(dir), pace: newPace(),
		reader:    newReader(host, state),
		hints:     hints{wake: make(chan struct{}, 1)},
		rosters:   rosters{byID: map[int64][]int64{}},
		firstSeen: map[string]time.Time{},
	}, nil
}

func setDefault(d *time.Duration, def time.Duration) {
	if *d <= 0 {
		*d = def
	}
}
