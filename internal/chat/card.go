package chat

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Place is where access is used: facts of the config in force that cards show.
type Place struct {
	StartURL string
	Region   string
	// Session is the session length of the request's permission set, "" when
	// the bot does not own it.
	Session string
	// Owners are the owners of the account and of the group that people.yaml
	// names and a Home is known of; members of teams are not among them.
	Owners []Owner
	// Approvers are those whom the rule of the request names by address; empty where
	// nobody is to be told of it.
	Approvers []Owner
	// Longest is the longest grant that the request's rule allows, 0 for any.
	Longest time.Duration
	// Auto says why nobody had to approve the request, if its rule lets grants
	// pass without an approval; "" otherwise.
	Auto string
	// Sets are the permission sets of the baseline that the config gives the
	// account of an onboarding.
	Sets []string
}

// Home says as whom a person of people.yaml is reached in chat: on the service
// that his entry names, else on one that knows people by their Entra id. It is
// false for who is reached nowhere. A nil Home knows nobody.
type Home func(p config.Person) (access.ChatUser, bool)

// Owner is an owner who is reached in chat.
type Owner struct {
	User access.ChatUser
	Name string // for where he cannot be mentioned
}

// PlaceOf gathers the place of a request.
func PlaceOf(repo *config.Repo, w access.Want, home Home) Place {
	p := Place{StartURL: repo.Access.IdentityCenter.StartURL, Region: repo.Access.IdentityCenter.Region}
	if ps, ok := repo.PermissionSets[w.PermissionSet]; ok && ps.SessionDuration > 0 {
		p.Session = config.FormatDuration(ps.SessionDuration)
	}
	p.Owners = owners(repo, w, home)
	if rule, ok := repo.RuleFor(w.Assignment(), config.Term{For: cmp.Or(w.Term.For, usualExtension)}, time.Time{}); ok {
		p.Longest = rule.MaxDuration
	}
	if w.Onboard != nil {
		p.Sets = baselineSets(repo, w.AccountID)
	}
	return p
}

// baselineSets are the permission sets of the baseline that the config gives an
// account, each once.
func baselineSets(repo *config.Repo, account string) []string {
	given := repo.SetsIn(account)
	var out []string
	for _, a := range repo.Baseline(account) {
		if slices.Contains(given, a.PermissionSet) && !slices.Contains(out, a.PermissionSet) {
			out = append(out, a.PermissionSet)
		}
	}
	return out
}

// auto names the rule by which nobody has to approve a request. How many passed
// today is not known here.
func auto(repo *config.Repo, r access.Request) string {
	rule, ok := repo.RuleFor(r.Want.Assignment(), r.Want.Term, r.Times[access.StageMerged])
	if !ok || rule.Auto == nil {
		return ""
	}
	return fmt.Sprintf("Nobody had to approve it: the rule %q lets %d a day pass for one person without an approval.", rule.Name, rule.Auto.PerDay)
}

// owners finds who is reached of those who answer for a request.
func owners(repo *config.Repo, w access.Want, home Home) []Owner {
	var refs []config.ApproverRef
	if acc, ok := repo.AccountByID(w.AccountID); ok {
		refs = append(refs, acc.Owners...)
	}
	if f, ok := repo.PrincipalFile(w.Principal); ok {
		refs = append(refs, f.Owners...)
	}
	return reached(repo, refs, home)
}

// reached returns those of a list whom people.yaml names and a Home is known of.
func reached(repo *config.Repo, refs []config.ApproverRef, home Home) []Owner {
	var out []Owner
	for _, r := range refs {
		if r.Kind != config.ApproverEmail || home == nil {
			continue
		}
		person, ok := repo.PersonByEmail(r.Name)
		if !ok {
			continue
		}
		u, ok := home(*person)
		if o := (Owner{u, person.Email}); ok && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// Card is the root message of a request.
func Card(r access.Request, p Place) Message {
	m := Message{Summary: fmt.Sprintf("%s: %s – %s", r.ID, subject(r), headline(r))}
	title := "Access request " + string(r.ID)
	switch {
	case r.Kind == access.KindRevoke:
		title = "Removal " + string(r.ID)
	case r.Kind == access.KindLink:
		title = "Link " + string(r.ID)
	case r.Kind == access.KindOnboard:
		title = "Onboarding " + string(r.ID)
	case r.Kind == access.KindPhase:
		title = "Phase " + string(r.ID)
	case r.Want.Extends != "":
		title = "Extension " + string(r.ID)
	}
	m.Blocks = append(m.Blocks, Heading(title), Text{{Text: icon(r) + " "}, {Text: headline(r), Bold: true}}, facts(r, p))
	if r.Want.Reason != "" && r.Kind == access.KindGrant {
		m.Blocks = append(m.Blocks, Quote(r.Want.Reason))
	}
	m.Blocks = append(m.Blocks, steps(r))
	if len(r.Missing) > 0 {
		m.Blocks = append(m.Blocks, missing(r))
	}
	if len(r.Objections) > 0 && r.State == access.StateProposed {
		m.Blocks = append(m.Blocks, objections(r))
	}
	if r.Outcome != "" {
		m.Blocks = append(m.Blocks, plain(r.Outcome))
	}
	if r.Trouble != "" {
		m.Blocks = append(m.Blocks, Text{{Text: "⚠️ "}, {Text: r.Trouble}})
	}
	for _, note := range []string{r.Expect, absent(r), r.Warning} {
		if note != "" {
			m.Blocks = append(m.Blocks, Note{{Text: note}})
		}
	}
	if r.State == access.StateLive {
		m.Blocks = append(m.Blocks, use(r, p)...)
	}
	if b := buttons(r, p); len(b) > 0 {
		m.Blocks = append(m.Blocks, b)
	}
	return m
}

// absent names who does not have a live access yet.
func absent(r access.Request) string {
	if r.State != access.StateLive {
		return ""
	}
	return r.Absent
}

func icon(r access.Request) string {
	switch r.State {
	case access.StateLive, access.StateLinked, access.StateDone:
		return "✅"
	case access.StateEnded:
		return "⏹️"
	case access.StateClosed, access.StateVoid, access.StateUndone:
		return "⚪"
	case access.StateRefused, access.StateHalted, access.StateStopped:
		return "🛑"
	case access.StateAsked, access.StateProposed:
		return "🕓"
	default:
		return "⏳"
	}
}

// headline says in a few words how it stands.
func headline(r access.Request) string {
	switch r.State {
	case access.StateAsked:
		return "Asked; the pull request is being made"
	case access.StateProposed:
		return proposed(r)
	case access.StateMerged:
		return "Merged; checking what was merged"
	case access.StateHalted:
		return "Halted: what was merged could not be verified"
	case access.StateVerified:
		return setUp(r)
	case access.StateLive:
		return live(r)
	case access.StateEnding:
		return "Ending: being removed in AWS"
	case access.StateEnded:
		return ended(r)
	case access.StateClosed:
		return "Closed without merging; " + nothing(r)
	case access.StateRefused:
		return "Not possible"
	case access.StateVoid:
		return "Merged, but it grants nothing"
	case access.StateLinked:
		return "Done: linked"
	case access.StateStopped:
		return "Stopped: somebody has to act"
	case access.StateDone:
		return done(r)
	case access.StateUndone:
		return "Undone by a later commit; " + nothing(r)
	default:
		return string(r.State)
	}
}

// done says what has come to its end.
func done(r access.Request) string {
	if r.Kind == access.KindPhase {
		return "Done: " + r.Want.Phase.String() + " has begun"
	}
	switch {
	case r.Kind != access.KindOnboard:
	case r.StaysIn != "" && r.Lacks:
		return "Done: " + r.Want.AccountName + " stays in " + r.StaysIn + "; the config repo gives it only a part of the baseline, or nothing of it"
	case r.StaysIn != "":
		return "Done: " + r.Want.AccountName + " has the baseline that the config repo gives it, and stays in " + r.StaysIn
	case r.Lacks:
		return "Done: " + r.Want.AccountName + " is in its OU; the config repo gives it only a part of the baseline, or nothing of it"
	default:
		return "Done: " + r.Want.AccountName + " is in its OU, with the baseline that the config repo gives it"
	}
	return "Done"
}

// nothing says that a request came to nothing.
func nothing(r access.Request) string {
	switch r.Kind {
	case access.KindRevoke:
		return "nothing was removed"
	case access.KindLink:
		return "nobody was linked"
	case access.KindOnboard:
		return noneBrought(r)
	case access.KindPhase:
		return "the phase stays"
	default:
		return "nothing was granted"
	}
}

// noneBrought says what an onboarding that ended early leaves: what was done by
// then stays.
func noneBrought(r access.Request) string {
	if _, placed := r.At(access.StagePlaced); placed {
		return "the account is in its OU and stays there"
	}
	if _, joined := r.At(access.StageJoined); joined {
		return "the account has joined the Organization and stays in it"
	}
	return "no account was brought in"
}

func ended(r access.Request) string {
	if r.Kind == access.KindRevoke {
		if r.Want.Revokes == "" {
			return "Done: no longer in the config repo"
		}
		return "Done: what " + string(r.Want.Revokes) + " granted has ended"
	}
	return "Ended"
}

func setUp(r access.Request) string {
	switch r.Kind {
	case access.KindRevoke:
		return "Verified; being removed in AWS"
	case access.KindOnboard:
		return onboardHeadline(r)
	case access.KindLink, access.KindPhase:
		return "Verified"
	}
	return "Verified; being set up"
}

func live(r access.Request) string {
	if r.MembersTotal == 0 || r.Want.Principal.Kind == config.UserPrincipal && r.MembersSeen == r.MembersTotal {
		return "Live"
	}
	return fmt.Sprintf("Live: %d of %d members seen in Identity Center", r.MembersSeen, r.MembersTotal)
}

// facts are the two-column part, from the server's own record.
func facts(r access.Request, p Place) Fields {
	w := r.Want
	f := Fields{
		{"Asked by", askedBy(r)},
		{principalLabel(w), plain(w.PrincipalName)},
		{"Account", plain(fmt.Sprintf("%s (…%s) in %s", w.AccountName, access.LastFour(w.AccountID), w.OU))},
		{"Permission set", permissionSet(w, p)},
	}
	switch r.Kind {
	case access.KindLink:
		f = linkFacts(r)
	case access.KindOnboard:
		f = onboardFacts(r)
	case access.KindPhase:
		f = phaseFacts(r)
	}
	if r.Kind == access.KindGrant {
		f = append(f, Field{"For", length(r)})
	}
	if r.Want.Extends != "" {
		f = append(f, Field{"Extends", plain(string(r.Want.Extends))})
	}
	if r.GoesOn != "" && !r.State.Final() {
		f = append(f, Field{"Goes on by", plain(string(r.GoesOn))})
	}
	if r.Kind == access.KindRevoke && r.Want.Revokes == "" {
		f = append(f, Field{"Why", plain(r.Want.Reason)})
	} else if r.Kind == access.KindRevoke {
		f = append(f, Field{"Removes what was granted by", plain(string(r.Want.Revokes))})
	}
	if r.Pull.Number > 0 {
		f = append(f, Field{"Pull request", Text{{Text: fmt.Sprintf("#%d", r.Pull.Number), URL: r.Pull.URL}}})
	}
	return f
}

// principalLabel says what the access is for.
func principalLabel(w access.Want) string {
	if w.Principal.Kind == config.UserPrincipal {
		return "Person"
	}
	return "Group"
}

func asker(r access.Request) Span { return mention(r.Asker) }

// mention names somebody, so that the chat service tells him where it can.
func mention(a access.Asker) Span {
	return Span{User: a.Chat, Text: a.Name}
}

// namedAtMost is how many of those who joined a card names.
const namedAtMost = 5

// askedBy names who asked and who joined.
func askedBy(r access.Request) Text {
	t := Text{asker(r)}
	for i, j := range r.Joined {
		if i == namedAtMost {
			return append(t, Span{Text: fmt.Sprintf(" and %d more", len(r.Joined)-i)})
		}
		who := mention(j.Asker)
		if j.Chat.Platform != r.Asker.Chat.Platform || j.Chat.Team != r.Asker.Chat.Team {
			who.User = access.ChatUser{} // nobody there, where the message is
		}
		t = append(t, Span{Text: ", "}, who)
	}
	return t
}

func permissionSet(w access.Want, p Place) Text {
	t := plain(w.PermissionSet)
	if p.Session != "" {
		t = append(t, Span{Text: " (sessions of " + p.Session + ")"})
	}
	return t
}

// length says how long, and until when once that is known.
func length(r access.Request) Text {
	if !r.End.IsZero() {
		return Text{{Text: "until "}, {At: r.End}}
	}
	switch t := r.Want.Term; {
	case t.Standing:
		return plain("standing (no end)")
	case !t.End.IsZero():
		return Text{{Text: "until "}, {At: t.End}}
	default:
		return plain(config.FormatDuration(t.For) + " from the merge")
	}
}

// missing lists what the check still wants.
func missing(r access.Request) Text {
	t := Text{{Text: "Still missing", Bold: true}}
	if r.Approved {
		t = Text{{Text: "Why it is not merged yet", Bold: true}}
	}
	for _, s := range r.Missing {
		t = append(t, Span{Text: "\n• " + s})
	}
	return t
}

// objections say that the same was objected to before, so that who decides now
// knows.
func objections(r access.Request) Text {
	t := Text{{Text: "⚠️ "}, {Text: "Objected to before", Bold: true}}
	for _, o := range r.Objections {
		t = append(t, Span{Text: fmt.Sprintf("\n• %s requested changes when the same was asked for in %s (", strings.Join(o.By, ", "), o.Request)},
			Span{Text: fmt.Sprintf("#%d", o.Number), URL: o.URL}, Span{Text: "), closed unmerged on " + o.Closed.Format(time.DateOnly) + "."})
	}
	return append(t, Span{Text: "\nWho approves this decides against that; ask them first."})
}

// use is what a person needs to sign in; nothing when the portal is unknown.
func use(r access.Request, p Place) []Block {
	w := r.Want
	if p.StartURL == "" {
		return nil
	}
	return []Block{
		Text{{Text: "Sign in: "}, {Text: "AWS access portal", URL: p.StartURL}, {Text: " · "}, {Text: w.AccountName + " as " + w.PermissionSet, URL: deepLink(p, w)}},
		Code(profile(p, w)),
		tryIt("--profile "+profileName(w), profileName(w)),
	}
}

// tryIt are the two commands that show that it works: the one signs in, the other
// says who AWS takes one for.
func tryIt(login, profile string) Note {
	return Note{
		{Text: "Put this in ~/.aws/config, then: "}, {Text: "aws sso login " + login, Code: true}, {Text: " and "},
		{Text: "aws sts get-caller-identity --profile " + profile, Code: true}, {Text: ". Access can take a minute to show in the portal."},
	}
}

// deepLink opens the console in the account with the role, after sign-in
// (AWS: "Create shortcut links to AWS account destinations").
func deepLink(p Place, w access.Want) string {
	q := url.Values{"account_id": {w.AccountID}, "role_name": {w.PermissionSet}}
	return strings.TrimRight(p.StartURL, "/") + "/#/console?" + q.Encode()
}

func profileName(w access.Want) string { return w.AccountSlug + "-" + w.PermissionSet }

// profile is a ready profile in the AWS CLI's sso-session form.
func profile(p Place, w access.Want) string {
	return session(p) + "\n\n" + profileOnly(p, w)
}

// ssoSession is the name of the session that all profiles share.
const ssoSession = "aws-access"

// session is the part of the file that all profiles share.
func session(p Place) string {
	return fmt.Sprintf(`[sso-session %s]
sso_start_url = %s
sso_region = %s
sso_registration_scopes = sso:account:access`, ssoSession, p.StartURL, p.Region)
}

func profileOnly(p Place, w access.Want) string {
	return fmt.Sprintf(`[profile %s]
sso_session = %s
sso_account_id = %s
sso_role_name = %s
region = %s`, profileName(w), ssoSession, w.AccountID, w.PermissionSet, p.Region)
}

// The actions of buttons that are sent to the bot. They are verbs of the
// grammar: a click is the command with the request's id after it.
const (
	ActionCancel = "cancel"
	ActionRevoke = "revoke"
	ActionExtend = "extend" // with how long after the id
)

func buttons(r access.Request, p Place) Buttons {
	var b Buttons
	switch r.State {
	case access.StateProposed:
		if r.Pull.URL != "" {
			b = append(b, Button{Action: "open_pull", Label: pullLabel(r), URL: r.Pull.URL, Main: true})
		}
		b = append(b, Button{Action: ActionCancel, Value: string(r.ID), Label: "Cancel request"})
	case access.StateLive:
		if p.StartURL != "" {
			b = append(b, Button{Action: "open_console", Label: "Open in AWS", URL: deepLink(p, r.Want), Main: true})
		}
		b = append(b, Button{Action: ActionRevoke, Value: string(r.ID), Label: "I am done"})
	case access.StateStopped:
		b = append(b, onboardButtons(r)...)
	}
	return b
}
