package access

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Advance returns r as the facts have it, and the notices of the way there. It
// is pure; with the same facts a second call changes nothing. Version is
// raised by one if anything changed.
func Advance(r Request, f Facts, now time.Time) (Request, []Notice) {
	m := mover{r: r, f: f, now: now}
	m.r.Times = maps.Clone(r.Times)
	if m.r.Times == nil {
		m.r.Times = map[Stage]time.Time{}
	}
	m.r.Missing = slices.Clone(r.Missing)
	if r.State.Final() {
		return r, nil
	}
	for m.step() {
	}
	m.refresh()
	if sameButVersion(m.r, r) {
		return r, nil
	}
	m.r.Version = r.Version + 1
	return m.r, m.notices
}

// sameButVersion reports whether two requests differ in nothing that is shown.
func sameButVersion(a, b Request) bool {
	if len(a.Times) == 0 && len(b.Times) == 0 {
		a.Times, b.Times = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// mover walks one request through as many states as the facts allow.
type mover struct {
	r       Request
	f       Facts
	now     time.Time
	notices []Notice
}

// step makes one transition and reports whether it did.
func (m *mover) step() bool {
	switch m.r.State {
	case StateAsked:
		return m.fromAsked()
	case StateProposed:
		return m.fromProposed()
	case StateMerged, StateHalted:
		return m.fromMerged()
	case StateVerified:
		return m.fromVerified()
	case StateLive:
		return m.fromLive()
	case StateEnding:
		return m.fromEnding()
	case StateStopped:
		return m.fromStopped()
	default:
		return false
	}
}

func (m *mover) fromAsked() bool {
	p := m.f.Pull
	switch {
	case p == nil:
		return false
	case p.Refused != "":
		return m.end(StateRefused, NoticeRefused, p.Refused)
	default:
		m.r.Pull = p.Ref
		m.reach(StageProposed, m.now)
		return m.to(StateProposed)
	}
}

func (m *mover) fromProposed() bool {
	p := m.f.Pull
	if p == nil {
		return false
	}
	switch p.State {
	case PullClosed:
		return m.end(StateClosed, NoticeClosed, "")
	case PullMerged:
		m.r.MergedBy, m.r.ApprovedBy, m.r.Commit = p.MergedBy, slices.Clone(p.ApprovedBy), p.Commit
		m.reach(StageMerged, p.MergedAt)
		m.tell(NoticeMerged, "", "")
		return m.to(StateMerged)
	default:
		return false
	}
}

func (m *mover) fromMerged() bool {
	v := m.f.Verdict
	switch {
	case v == nil:
		return false
	case v.Undone:
		return m.end(StateUndone, NoticeUndone, "")
	case v.InForce && v.Void != "":
		return m.end(StateVoid, NoticeVoid, v.Void)
	case v.InForce:
		m.r.Outcome = ""
		m.reach(StageVerified, v.At)
		return m.to(StateVerified)
	case v.Halt != "" && m.r.State == StateMerged:
		m.r.Outcome = v.Halt
		m.tell(NoticeHalted, "", v.Halt)
		return m.to(StateHalted)
	default:
		return false
	}
}

func (m *mover) fromVerified() bool {
	if m.r.Kind == KindLink {
		return m.fromVerifiedLink()
	}
	if m.r.Kind == KindPhase {
		return m.fromVerifiedPhase()
	}
	if m.r.Kind == KindOnboard {
		return m.fromVerifiedOnboard()
	}
	g := m.f.Grant
	if g == nil {
		return false
	}
	if !g.Desired {
		return m.to(StateEnding)
	}
	if m.r.Kind == KindRevoke {
		return false
	}
	m.reach(StageAssigned, g.AppAssigned)
	m.reach(StageSynced, g.Seen)
	m.reach(StageCreated, g.Created)
	if g.ReadBack.IsZero() {
		return false
	}
	m.reach(StageReadBack, g.ReadBack)
	m.reaches(g)
	m.tell(NoticeLive, "", "")
	return m.to(StateLive)
}

func (m *mover) fromLive() bool {
	g := m.f.Grant
	if g == nil {
		return false
	}
	if !g.Desired {
		return m.to(StateEnding)
	}
	m.atItsEnd(g)
	return false
}

func (m *mover) fromEnding() bool {
	g := m.f.Grant
	switch {
	case g == nil:
		return false
	case g.Desired:
		return m.to(StateVerified)
	case g.StillWanted:
		return m.end(StateEnded, NoticeEnded, goesOn(g.GoesOn))
	}
	m.reach(StageRemoving, g.RemoveAsked)
	if !g.Idle {
		return false
	}
	if g.Removed.IsZero() {
		return m.end(StateEnded, NoticeEnded, "The access had not been set up, or was already gone.")
	}
	m.reach(StageRemoved, g.Removed)
	return m.end(StateEnded, NoticeEnded, "")
}

// refresh takes over what may change without a change of state.
func (m *mover) refresh() {
	m.r.Missing = nil
	if p := m.f.Pull; p != nil && m.r.State == StateProposed {
		m.r.Missing = slices.Clone(p.Missing)
		m.approval(p)
		m.r.Objections = slices.Clone(p.Objections)
		m.r.Pull = p.Ref
	} else if m.r.State != StateProposed {
		m.r.Approved = false
	}
	if v := m.f.Verdict; v != nil && m.r.State == StateHalted {
		m.r.Outcome = v.Halt
	}
	m.r.Trouble, m.r.Expect, m.r.Warning = "", "", ""
	if p := m.f.Pull; p != nil && m.r.State == StateMerged && p.Waits != "" {
		m.r.Trouble = p.Waits
		m.tell(NoticeTrouble, "waits", p.Waits)
	}
	m.refreshOnboard()
	g := m.f.Grant
	if g == nil || m.r.State.Final() {
		return
	}
	if m.r.State == StateVerified || m.r.State == StateLive || m.r.State == StateEnding {
		m.r.Trouble = g.Trouble
		if g.TroubleCode != "" && g.Trouble != "" {
			m.tell(NoticeTrouble, occurrence(g), g.Trouble)
		}
	}
	if m.r.State == StateVerified && m.r.Kind == KindGrant {
		m.r.Expect, m.r.Warning = g.Expect, g.Warning
	}
	if m.r.State == StateEnding {
		m.r.Expect = g.Expect
	}
	if m.r.State == StateLive {
		m.reaches(g)
	}
}

// reaches takes over whom a live grant reaches, and for how long.
func (m *mover) reaches(g *GrantFacts) {
	m.r.MembersSeen, m.r.MembersTotal, m.r.Absent, m.r.Warning = g.MembersSeen, g.MembersTotal, g.Absent, g.Warning
	m.r.End = g.End
}

// occurrence names a trouble and which time of it this is.
func occurrence(g *GrantFacts) string {
	if g.TroubleSince.IsZero() {
		return g.TroubleCode
	}
	return g.TroubleCode + "/" + g.TroubleSince.UTC().Format(time.RFC3339Nano)
}

// approval takes over whether an open pull request is approved, which is told
// once per head. What is found merged was not told so before: the reply on the
// merge says both.
func (m *mover) approval(p *PullFacts) {
	told := m.r.Approved && len(m.r.ApprovedBy) > 0 && m.r.Pull.Head == p.Ref.Head
	m.r.Approved, m.r.BotMerges, m.r.ApprovedBy = p.Passes, p.Passes && p.BotMerges, nil
	if !p.Passes || len(p.ApprovedBy) == 0 {
		return
	}
	m.r.ApprovedBy = slices.Clone(p.ApprovedBy)
	if !told {
		m.tell(NoticeApproved, p.Ref.Head, strings.Join(p.ApprovedBy, ", "))
	}
}

func (m *mover) to(s State) bool {
	m.r.State = s
	return true
}

// end moves to a final state and tells why.
func (m *mover) end(s State, k NoticeKind, outcome string) bool {
	m.r.Outcome = outcome
	m.tell(k, "", outcome)
	return m.to(s)
}

// reach notes the time of a stage that was not reached yet; a zero time is
// not reached.
func (m *mover) reach(s Stage, at time.Time) {
	if _, ok := m.r.Times[s]; !ok && !at.IsZero() {
		m.r.Times[s] = at.UTC()
	}
}

// tell adds a notice under the request's key for its kind.
func (m *mover) tell(k NoticeKind, code, text string) {
	key := string(m.r.ID) + "/" + string(k)
	if code != "" {
		key += "/" + code
	}
	m.notices = append(m.notices, Notice{Key: key, Request: m.r.ID, Kind: k, At: m.now.UTC(), Text: text})
}
